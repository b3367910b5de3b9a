#include "pretraining.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <torch/optim/adamw.h>
#include <torch/serialize.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <future>
#include <iostream>
#include <numbers>
#include <random>
#include <unordered_map>

#include "augmentation.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "bpe_learner.h"
#include "captions.h"
#include "clip/bpe_tokenizer.h"
#include "clip/tokenize.h"
#include "contrastive_loss.h"
#include "huggingface_folder.h"
#include "pair_set.h"
#include "towers.h"
#include "training/epoch_order.h"

namespace promptbed::pocket {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double kLastLearningRate = 0.02;  // of the highest
constexpr double kFirstBeta = 0.9, kSecondBeta = 0.98;
constexpr double kMostGradient = 1;  // norm over all weights
constexpr double kMostScale = 100;   // CLIP's bound
constexpr double kMean = 0.5, kStd = 0.5;
constexpr auto kBetweenSaves = std::chrono::minutes(3);
constexpr int64_t kStepsPerLine = 20;  // of the loss curve

/// The numbers of a pair in a step depend on nothing else, so that a training can be taken up anywhere.
std::mt19937_64 random_of(uint64_t seed, int64_t step, int64_t row) {
  std::seed_seq words = {static_cast<uint32_t>(seed), static_cast<uint32_t>(step),
                         static_cast<uint32_t>(row)};
  return std::mt19937_64(words);
}

/// A number for each distinct name.
std::vector<int64_t> number_names(const PairSet& pairs) {
  std::unordered_map<std::string, int64_t> known;
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < pairs.size(); ++i)
    numbers.push_back(known.try_emplace(pairs[i].name, static_cast<int64_t>(known.size())).first->second);
  return numbers;
}

/// A batch with what its loss needs.
struct Batch {
  TowerInput input;
  std::vector<int64_t> names;
};

/// Makes the batch of any step.
class Batches {
 public:
  Batches(const PretrainingRecipe& recipe, const PairSet& pairs, const Tokenizer& tokenizer)
      : recipe_(recipe), pairs_(pairs), tokenizer_(tokenizer), names_(number_names(pairs)) {
    if (pairs.size() < recipe.batch)
      throw Error(fmt::format("{} pairs are fewer than a batch of {}; make more of them", pairs.size(),
                              recipe.batch));
  }

  int64_t per_pass() const { return pairs_.size() / recipe_.batch; }
  int64_t steps() const { return recipe_.passes * per_pass(); }

  Batch make(int64_t step) {
    const Tensor rows =
        order_of(step / per_pass()).narrow(0, step % per_pass() * recipe_.batch, recipe_.batch);
    Batch batch;
    std::vector<Tensor> pictures;
    for (int64_t row = 0; row < recipe_.batch; ++row) {
      const auto index = rows[row].item<int64_t>();
      std::mt19937_64 random = random_of(recipe_.seed, step, row);
      pictures.push_back(draw_rendering(pairs_.picture(index), recipe_.architecture.resolution, random));
      batch.input.captions.push_back(tokenize(tokenizer_, draw_caption(pairs_[index], random),
                                              recipe_.architecture.context_length, TooLong::truncate));
      batch.names.push_back(names_[static_cast<size_t>(index)]);
    }
    batch.input.pixels = (at::stack(pictures) - kMean) / kStd;
    if (static_cast<double>(step) < (1 - recipe_.last_full_steps) * static_cast<double>(steps()))
      batch.input.patches = draw_patches(step);
    return batch;
  }

 private:
  const Tensor& order_of(int64_t pass) {
    if (pass != pass_) {
      pass_ = pass;
      order_ = at::randperm(pairs_.size(), seeded_generator(recipe_.seed, fmt::format("pass {}", pass)),
                            torch::kLong);
    }
    return order_;
  }

  /// [B, n], in ascending order for each picture; undefined where all patches are seen.
  Tensor draw_patches(int64_t step) const {
    const int64_t grid = recipe_.architecture.resolution / recipe_.architecture.patch, patches = grid * grid;
    const auto seen = static_cast<int64_t>(std::lround(recipe_.seen_patches * static_cast<double>(patches)));
    if (seen >= patches) return {};
    const Tensor noise =
        at::rand({recipe_.batch, patches}, seeded_generator(recipe_.seed, fmt::format("patches {}", step)),
                 torch::kFloat);
    return std::get<0>(noise.argsort(int64_t{1}, /*descending=*/false).narrow(1, 0, seen).sort(1));
  }

  const PretrainingRecipe& recipe_;
  const PairSet& pairs_;
  const Tokenizer& tokenizer_;
  std::vector<int64_t> names_;
  int64_t pass_ = -1;
  Tensor order_;
};

double learning_rate(const PretrainingRecipe& recipe, int64_t step, int64_t steps) {
  if (step < recipe.warm_up)
    return recipe.learning_rate * static_cast<double>(step + 1) / static_cast<double>(recipe.warm_up);
  const double done = static_cast<double>(step - recipe.warm_up) /
                      static_cast<double>(std::max<int64_t>(1, steps - recipe.warm_up));
  const double cosine = (1 + std::cos(std::numbers::pi * done)) / 2;
  return recipe.learning_rate * (kLastLearningRate + (1 - kLastLearningRate) * cosine);
}

torch::optim::AdamW make_optimiser(const Checkpoint& weights, const PretrainingRecipe& recipe) {
  std::vector<Tensor> matrices, others;
  for (const auto& [name, weight] : weights.tensors)
    (weight.dim() >= 2 ? matrices : others).push_back(weight);
  const auto options = torch::optim::AdamWOptions(recipe.learning_rate).betas({kFirstBeta, kSecondBeta});
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(matrices, std::make_unique<torch::optim::AdamWOptions>(
                                    torch::optim::AdamWOptions(options).weight_decay(recipe.weight_decay)));
  groups.emplace_back(others, std::make_unique<torch::optim::AdamWOptions>(
                                  torch::optim::AdamWOptions(options).weight_decay(0)));
  return torch::optim::AdamW(groups, options);
}

void set_learning_rate(torch::optim::AdamW& optimiser, double rate) {
  for (auto& group : optimiser.param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
}

void clip_gradients(const Checkpoint& weights) {
  double squares = 0;
  for (const auto& [name, weight] : weights.tensors) {
    if (weight.grad().defined()) squares += weight.grad().square().sum().item<double>();
  }
  const double norm = std::sqrt(squares);
  if (norm <= kMostGradient) return;
  for (const auto& [name, weight] : weights.tensors) {
    if (weight.grad().defined()) weight.grad().mul_(kMostGradient / norm);
  }
}

/// The weights while they learn, with the optimiser's moments; can be put aside and taken up again.
class TrainingState {
 public:
  TrainingState(Checkpoint initial, const PretrainingRecipe& recipe)
      : weights_(std::move(initial)), optimiser_(make_optimiser(ask_for_gradients(weights_), recipe)) {}

  const Checkpoint& weights() const { return weights_; }
  torch::optim::AdamW& optimiser() { return optimiser_; }
  int64_t step = 0;

  void save(const fs::path& path) {
    torch::serialize::OutputArchive archive, optimiser;
    for (const auto& [name, weight] : weights_.tensors) archive.write(key_of(name), weight.detach());
    archive.write("step", torch::tensor(step));
    optimiser_.save(optimiser);
    archive.write("optimiser", optimiser);
    write_atomically(path, [&](const fs::path& temporary) { archive.save_to(temporary.string()); });
  }

  /// Throws Error where the file is damaged or of another architecture.
  void load(const fs::path& path) {
    try {
      const at::NoGradGuard no_grad;
      torch::serialize::InputArchive archive, optimiser;
      archive.load_from(path.string());
      for (auto& [name, weight] : weights_.tensors) {
        Tensor stored;
        archive.read(key_of(name), stored);
        weight.copy_(stored);
      }
      Tensor stored_step;
      archive.read("step", stored_step);
      step = stored_step.item<int64_t>();
      archive.read("optimiser", optimiser);
      optimiser_.load(optimiser);
    } catch (const c10::Error&) {
      throw Error(
          fmt::format("{}: is damaged or of another architecture; delete it to start anew", path.string()));
    }
  }

 private:
  static Checkpoint& ask_for_gradients(Checkpoint& weights) {
    for (auto& [name, weight] : weights.tensors) weight.requires_grad_();
    return weights;
  }

  /// Archives take no dots in names.
  static std::string key_of(std::string name) {
    std::ranges::replace(name, '.', '/');
    return name;
  }

  Checkpoint weights_;
  torch::optim::AdamW optimiser_;
};

/// One step of the optimiser.
ContrastiveLoss train_step(TrainingState& state, TrainableTowers& towers, const Batch& batch, double rate) {
  auto [images, texts] = towers.forward(batch.input);
  images.requires_grad_();
  texts.requires_grad_();
  const Tensor& scale = state.weights().at("logit_scale");
  state.optimiser().zero_grad();
  ContrastiveLoss loss = contrastive_loss(images, texts, scale, batch.names);
  loss.loss.backward();
  towers.backward(images.grad(), texts.grad());
  clip_gradients(state.weights());
  set_learning_rate(state.optimiser(), rate);
  state.optimiser().step();
  const at::NoGradGuard no_grad;
  Tensor(scale).clamp_max_(std::log(kMostScale));
  return loss;
}

/// Appends a line to the loss curve every few steps.
class LossCurve {
 public:
  LossCurve(const fs::path& path, int64_t step, int64_t batch)
      : out_(path, std::ios::app), batch_(batch), first_(step) {
    if (step == 0) out_ << "step,learning_rate,loss,accuracy,scale,pairs_per_second\n";
  }

  void add(int64_t step, double rate, const ContrastiveLoss& loss, double scale) {
    sum_ += loss.loss.item<double>();
    accuracy_ += loss.accuracy;
    const int64_t steps = step + 1 - first_;
    if (steps < kStepsPerLine) return;
    const std::chrono::duration<double> time = Clock::now() - start_;
    out_ << fmt::format("{},{:.3g},{:.4f},{:.4f},{:.3f},{:.0f}\n", step + 1, rate, sum_ / steps,
                        accuracy_ / steps, scale, batch_ * steps / time.count())
         << std::flush;
    first_ = step + 1;
    sum_ = accuracy_ = 0;
    start_ = Clock::now();
  }

 private:
  std::ofstream out_;
  int64_t batch_, first_;
  double sum_ = 0, accuracy_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

void pretrain(const PretrainingRecipe& given, const PretrainingJob& job, std::optional<int64_t> most_steps) {
  const PairSet pairs(job.pairs);
  const Merges merges = learn_merges(caption_corpus(pairs), given.merges);
  const BpeTokenizer tokenizer(merges);
  PretrainingRecipe recipe = given;
  recipe.architecture.vocabulary = tokenizer.vocabulary_size();
  Batches batches(recipe, pairs, tokenizer);

  TrainingState state(initial_weights(recipe.architecture, recipe.seed), recipe);
  const fs::path folder = job.output / "training", kept = folder / "state.pt";
  fs::create_directories(folder);
  if (fs::exists(kept)) state.load(kept);
  TrainableTowers towers(state.weights(), job.placement, job.threads);
  const int64_t last = most_steps ? std::min(batches.steps(), state.step + *most_steps) : batches.steps();
  LossCurve curve(folder / "curve.csv", state.step, recipe.batch);
  Progress progress("pre-training", last - state.step, std::cerr, is_terminal(std::cerr));
  Clock::time_point saved = Clock::now();

  // The next batch is drawn while this one is learned from.
  const auto draw = [&](int64_t step) {
    return std::async(std::launch::async, [&batches, step] { return batches.make(step); });
  };
  std::future<Batch> next;
  while (state.step < last) {
    const Batch batch = next.valid() ? next.get() : batches.make(state.step);
    if (state.step + 1 < last) next = draw(state.step + 1);
    const double rate = learning_rate(recipe, state.step, batches.steps());
    const ContrastiveLoss loss = train_step(state, towers, batch, rate);
    curve.add(state.step, rate, loss, state.weights().at("logit_scale").exp().item<double>());
    ++state.step;
    progress.advance();
    const bool stops = interrupted();
    if (stops || Clock::now() - saved > kBetweenSaves) {
      state.save(kept);
      saved = Clock::now();
    }
    if (stops) throw Interrupted();
  }
  state.save(kept);
  if (state.step == batches.steps()) write_huggingface_folder(job.output, state.weights(), merges);
}

}  // namespace promptbed::pocket
