#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "results/ledger.h"
#include "results/prompt_file.h"

namespace promptbed::test {

/// A CoOp run on the base classes, as a sweep would plan it.
inline RunSpec sample_spec(const std::string& dataset = "brands", int64_t seed = 1,
                           const std::string& method = "coop") {
  return {.model = "6d6f64656c",
          .dataset = dataset,
          .split_hash = "split of " + dataset,
          .prompt_template = "an icon of a {}.",
          .context_init = "an icon of a",
          .classes = "base",
          .shots = 16,
          .seed = seed,
          .method = method,
          .method_version = 1,
          .options = {{"n_ctx", int64_t{4}}, {"csc", false}, {"ctx_init", std::string("an icon of a")}},
          .recipe = Recipe{},
          .views = 10,
          .precision = "f32"};
}

/// A method without training has one run a dataset.
inline RunSpec zero_shot_spec(const std::string& dataset = "brands") {
  RunSpec spec = sample_spec(dataset, 0, "clip_zeroshot");
  spec.classes = "";
  spec.shots = 0;
  spec.options.clear();
  spec.recipe.reset();
  spec.views = 0;
  return spec;
}

/// Of 200 images, or of as many as it takes to get that accuracy, of up to three decimals.
inline Score sample_score(const std::string& dataset, const std::string& class_set, double accuracy) {
  const int64_t images = 2 * accuracy == std::round(2 * accuracy) ? 200 : 100'000;
  return {.dataset = dataset,
          .class_set = class_set,
          .images = images,
          .correct = std::llround(static_cast<double>(images) / 100 * accuracy),
          .accuracy = accuracy,
          .macro_f1 = std::max(accuracy - 1, 0.0),
          .predictions_hash = class_set + " predictions"};
}

/// What sample_outcome() has learned: one tensor.
inline std::array<TensorBytes, 1> sample_state() {
  static constexpr std::array<std::byte, 4> kValues = {std::byte{1}, std::byte{2}, std::byte{3},
                                                       std::byte{4}};
  return {{{.name = "ctx", .type = "U8", .shape = {4}, .bytes = kValues}}};
}

/// The prompt of a run with that outcome, beside its ledger.
inline void write_sample_prompt(const std::filesystem::path& ledger, const RunSpec& spec) {
  TensorTexts texts = {{"run", spec.canonical().dump()}};
  texts[kPromptHash] = hash_of_prompt(texts, sample_state());
  write_safetensors_file(prompt_path(ledger, spec.id()), sample_state(), texts);
}

inline RunOutcome sample_outcome(const std::string& dataset, double base, double new_,
                                 ShotRange shots = {16, 16}) {
  return {.scores = {sample_score(dataset, "base", base), sample_score(dataset, "new", new_)},
          .refusals = {},
          .epochs = {{.epoch = 0, .loss = 2.5, .learning_rate = 1e-5, .seconds = 0.5},
                     {.epoch = 1, .loss = 1.25, .learning_rate = 0.002, .seconds = 0.25}},
          .execution = {.host = "bench",
                        .processor = "a processor",
                        .threads = 2,
                        .precision = "f32",
                        .torch_version = "1.13.1",
                        .blas = "openblas",
                        .code_version = "abc",
                        .dirty = true,
                        .plugin_hash = "plugin",
                        .seconds = {{"test", 0.5}, {"train", 12.25}},
                        .cache_hits = 64,
                        .peak_memory = 1 << 30},
          .draw_hash = "draw",
          .class_names_hash = "names",
          .state_hash = hash_of_state(sample_state()),
          .shots = shots};
}

/// What is measured in a test of a method whose scores are probabilities: a confidence, and errors below it.
inline void add_measurements(RunOutcome& outcome, const std::string& dataset, const std::string& class_set,
                             double per_class, double confidence) {
  for (const auto& [name, value] : {std::pair(measured::kPerClass, per_class),
                                    {measured::kConfidence, confidence},
                                    {measured::kError, confidence / 2},
                                    {measured::kAdaptiveError, confidence / 4}})
    outcome.measurements.push_back({dataset, class_set, name, value});
  outcome.reliabilities.push_back({dataset, class_set, {{}, {.images = 4, .correct = 1, .confidence = 0.6}}});
}

/// Records a finished attempt at a claimed run as a sweep does: the training, then the tests.
inline void finish(Ledger& ledger, const std::string& id, const RunOutcome& outcome) {
  ledger.keep_training(id, outcome);
  ledger.add_tests(id, outcome);
}

/// Nothing where the ledger does not know the run.
inline std::optional<RunStatus> status_of(const Ledger& ledger, const std::string& id) {
  const std::optional<RunState> state = ledger.state(id);
  return state ? std::optional(state->status) : std::nullopt;
}

/// Claims and finishes a run of the base-new protocol with these accuracies.
inline void record(Ledger& ledger, const RunSpec& spec, double base, double new_,
                   ShotRange shots = {16, 16}) {
  ledger.claim(spec);
  ledger.ask("base-new", {spec.id()});
  test::finish(ledger, spec.id(), sample_outcome(spec.dataset, base, new_, shots));
}

}  // namespace promptbed::test
