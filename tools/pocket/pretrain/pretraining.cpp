#include "pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <iostream>

#include "base/hash.h"
#include "base/progress.h"
#include "base/signals.h"
#include "batches.h"
#include "bpe_learner.h"
#include "captions.h"
#include "contrastive_step.h"
#include "held_out.h"
#include "huggingface_folder.h"
#include "kept_states.h"
#include "loss_curve.h"
#include "naming.h"
#include "pair_set.h"
#include "schedule.h"
#include "tokenizer/bpe_tokenizer.h"
#include "towers.h"
#include "training_state.h"

namespace promptbed::pocket {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kBetweenSaves = std::chrono::minutes(3);

Preprocessing preprocessing_of(const Architecture& architecture) {
  return {architecture.resolution, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};
}

/// Hash of all that the model follows from but the passes; threads and chunks, which change its last bits,
/// left out.
std::string origin_of(const PretrainingRecipe& recipe, const PretrainingJob& job) {
  const Architecture& sizes = recipe.architecture;
  Hasher hasher;
  for (const int64_t number :
       {sizes.resolution, sizes.patch, sizes.vision_width, sizes.vision_layers, sizes.text_width,
        sizes.text_layers, sizes.embedding_width, sizes.context_length, recipe.merges, recipe.batch,
        recipe.warm_up, static_cast<int64_t>(recipe.seed), kHoldOutRule}) {
    hasher.add(number);
  }
  for (const double number :
       {recipe.learning_rate, recipe.decay, recipe.weight_decay, recipe.seen_patches, recipe.last_full_steps})
    hasher.add(fmt::format("{}", number));
  return hasher.add(to_string(job.precision)).add(hash_file(job.pairs / "pairs.jsonl")).hex();
}

std::string summary(const PairSet& pairs, const HeldOut& held_out) {
  return fmt::format(
      "{} pairs to train on; held out: {} drawings of as many of their names, {} drawings of {} other "
      "names\n",
      pairs.size(), held_out.own_names.pairs.size(), held_out.unseen_names.pairs.size(),
      held_out.unseen_names.names.size());
}

}  // namespace

void pretrain(const PretrainingRecipe& given, const PretrainingJob& job, std::optional<int64_t> most_steps) {
  const PairSet all(job.pairs);
  const HeldOut held_out = hold_out(all);
  const PairSet pairs = all.only(held_out.trained);
  std::cerr << summary(pairs, held_out);
  const Merges merges = learn_merges(caption_corpus(pairs), given.merges);
  const BpeTokenizer tokenizer(merges);
  PretrainingRecipe recipe = given;
  recipe.architecture.vocabulary = tokenizer.vocabulary_size();
  const Preprocessing preprocessing = preprocessing_of(recipe.architecture);
  const NamingTest naming(held_out, all, tokenizer, preprocessing, recipe.architecture.context_length);
  const Schedule schedule(recipe, pairs.size());
  Batches batches(recipe, schedule, preprocessing, pairs, tokenizer);

  TrainingState state(initial_weights(recipe.architecture, recipe.seed), recipe);
  const fs::path folder = job.output / "training";
  const KeptStates kept(folder, origin_of(recipe, job), schedule);
  kept.take_up(state);
  TrainableTowers towers(state.weights(), job.precision, job.threads);
  const Tensor& log_scale = state.weights().at("logit_scale");
  const int64_t last = most_steps ? std::min(schedule.steps(), state.step() + *most_steps) : schedule.steps();
  LossCurve curve(folder / "curve.csv", state.step(), recipe.batch);
  Progress progress("pre-training", last - state.step(), std::cerr, is_terminal(std::cerr));
  Clock::time_point saved = Clock::now();

  // The next batch is drawn while this one is learned from.
  const auto draw = [&](int64_t step) {
    return std::async(std::launch::async, [&batches, step] { return batches.make(step); });
  };
  std::future<Batch> next;
  while (state.step() < last) {
    const Batch batch = next.valid() ? next.get() : batches.make(state.step());
    if (state.step() + 1 < last) next = draw(state.step() + 1);
    const double rate = schedule.learning_rate(state.step());
    const ContrastiveLoss loss = contrastive_step(towers, log_scale, batch, job.chunk);
    state.advance(rate);
    const bool is_measured = naming.has_drawings() && schedule.is_measured(state.step());
    curve.add(state.step(), rate, loss.loss.item<double>(), loss.accuracy, std::exp(log_scale.item<double>()),
              is_measured ? std::optional(naming.measure(towers)) : std::nullopt);
    progress.advance();
    const bool stops = interrupted();
    if (stops || state.step() == schedule.decay_begin() || Clock::now() - saved > kBetweenSaves) {
      kept.keep(state);
      saved = Clock::now();
    }
    if (stops) throw Interrupted();
  }
  kept.keep(state);
  if (state.step() == schedule.steps())
    write_huggingface_folder(job.output, state.weights(), preprocessing, merges);
}

}  // namespace promptbed::pocket
