#include "training_state.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <torch/serialize.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"

namespace promptbed::pocket {
namespace {

constexpr double kFirstBeta = 0.9, kSecondBeta = 0.98;
constexpr double kMostGradient = 1;
constexpr double kMostScale = 100;  // CLIP's bound on the temperature's inverse

Checkpoint ask_for_gradients(Checkpoint weights) {
  for (auto& [name, weight] : weights.tensors) weight.requires_grad_();
  return weights;
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

/// Archives take no dots in names.
std::string key_of(std::string name) {
  std::ranges::replace(name, '.', '/');
  return name;
}

/// Reads an archive; what LibTorch throws then means that it is damaged.
template <class Work>
auto read_archive(const std::filesystem::path& path, const Work& work) {
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(path.string());
    return work(archive);
  } catch (const c10::Error&) {
    throw Error(fmt::format("{}: is damaged; delete it to go on without it", path.string()));
  }
}

c10::IValue value_of(torch::serialize::InputArchive& archive, const std::string& key) {
  c10::IValue value;
  archive.read(key, value);
  return value;
}

}  // namespace

TrainingState::TrainingState(Checkpoint initial, const PretrainingRecipe& recipe)
    : weights_(ask_for_gradients(std::move(initial))), optimiser_(make_optimiser(weights_, recipe)) {}

void TrainingState::advance(double learning_rate) {
  clip_gradients(weights_);
  for (auto& group : optimiser_.param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate);
  optimiser_.step();
  optimiser_.zero_grad();
  ++step_;
  const at::NoGradGuard no_grad;
  weights_.tensors.at("logit_scale").clamp_max_(std::log(kMostScale));
}

void TrainingState::save(const std::filesystem::path& path, const std::string& origin) const {
  torch::serialize::OutputArchive archive, optimiser;
  archive.write("origin", c10::IValue(origin));
  for (const auto& [name, weight] : weights_.tensors) archive.write(key_of(name), weight.detach());
  archive.write("step", c10::IValue(step_));
  optimiser_.save(optimiser);
  archive.write("optimiser", optimiser);
  write_atomically(path,
                   [&](const std::filesystem::path& temporary) { archive.save_to(temporary.string()); });
}

void TrainingState::load(const std::filesystem::path& path, const std::string& origin) {
  if (!is_of(path, origin)) {
    throw Error(
        fmt::format("{}: is of another recipe or of other pairs; give what it was made with, or delete it "
                    "to start anew",
                    path.string()));
  }
  read_archive(path, [&](torch::serialize::InputArchive& archive) {
    const at::NoGradGuard no_grad;
    for (auto& [name, weight] : weights_.tensors) {
      Tensor stored;
      archive.read(key_of(name), stored);
      weight.copy_(stored);
    }
    step_ = value_of(archive, "step").toInt();
    torch::serialize::InputArchive optimiser;
    archive.read("optimiser", optimiser);
    optimiser_.load(optimiser);
  });
}

bool TrainingState::is_of(const std::filesystem::path& path, const std::string& origin) {
  return read_archive(path, [&](torch::serialize::InputArchive& archive) {
    return value_of(archive, "origin").toStringRef() == origin;
  });
}

}  // namespace promptbed::pocket
