#include "report/select/run_document.h"

#include <algorithm>

#include "results/run_record.h"

namespace promptbed {
namespace {

using Json = nlohmann::ordered_json;

/// The path of a file if it exists, otherwise null.
Json existing(const std::filesystem::path& file) {
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) return nullptr;
  return file.string();
}

Json model_of(const RunRecord& run, const Ledger& ledger) {
  Json named = {{"fingerprint", run.spec.model}, {"name", nullptr}, {"architecture", nullptr}};
  for (const ModelRecord& model : ledger.models()) {
    if (model.fingerprint != run.spec.model) continue;
    named["name"] = model.name;
    named["architecture"] = model.architecture;
  }
  return named;
}

Json scores_of(const RunOutcome& outcome) {
  Json scores = Json::object();
  for (const Score& score : outcome.scores) {
    scores[score.dataset][score.class_set] = {{"images", score.images},
                                              {"correct", score.correct},
                                              {"accuracy", score.accuracy},
                                              {"macro_f1", score.macro_f1},
                                              {"predictions_hash", score.predictions_hash},
                                              {"split_hash", score.split_hash}};
  }
  for (const Measurement& measurement : outcome.measurements)
    scores[measurement.dataset][measurement.class_set]["measurements"][measurement.name] = measurement.value;
  for (const auto& [dataset, class_set, bins] : outcome.reliabilities) {
    for (const ConfidenceBin& bin : bins)
      scores[dataset][class_set]["confidence_bins"].push_back({bin.images, bin.correct, bin.confidence});
  }
  return scores;
}

Json refusals_of(const RunOutcome& outcome) {
  Json refusals = Json::object();
  for (const Refusal& refusal : outcome.refusals)
    refusals[refusal.dataset][refusal.class_set] = refusal.reason;
  return refusals;
}

Json epochs_of(const RunOutcome& outcome) {
  if (outcome.epochs.empty()) return nullptr;
  double seconds = 0;
  for (const EpochRecord& epoch : outcome.epochs) seconds += epoch.seconds;
  const auto least = std::ranges::min_element(outcome.epochs, {}, &EpochRecord::loss);
  const auto count = static_cast<int64_t>(outcome.epochs.size());
  return {{"count", count},
          {"first_loss", outcome.epochs.front().loss},
          {"last_loss", outcome.epochs.back().loss},
          {"least_loss", least->loss},
          {"least_loss_epoch", least->epoch + 1},
          {"seconds", seconds},
          {"seconds_each", seconds / static_cast<double>(count)}};
}

/// By epoch, counted from 1; null unless it was tracked.
Json tracked_of(const RunOutcome& outcome) {
  Json epochs = nullptr;
  for (const TrackedAccuracy& tracked : outcome.tracked) {
    const int64_t epoch = tracked.epoch + 1;
    if (epochs.is_null() || epochs.back().at("epoch") != epoch)
      epochs.push_back({{"epoch", epoch}, {"base", nullptr}, {"new", nullptr}});
    epochs.back()[tracked.class_set] = tracked.accuracy;
  }
  return epochs;
}

Json execution_of(const Execution& execution) {
  return {{"host", execution.host},
          {"processor", execution.processor},
          {"threads", execution.threads},
          {"precision", execution.precision},
          {"torch", execution.torch_version},
          {"blas", execution.blas},
          {"code", execution.code_version},
          {"code_has_changes", execution.dirty},
          {"plugin_hash", execution.plugin_hash},
          {"seconds", execution.seconds},
          {"images_from_cache", execution.cache_hits},
          {"peak_memory_bytes", execution.peak_memory}};
}

Json names_of(const std::vector<Protocol>& protocols) {
  Json names = Json::array();
  for (const Protocol protocol : protocols) names.push_back(to_string(protocol));
  return names;
}

Json owner_of(const RunRecord& run) {
  if (!run.owner) return nullptr;
  return {{"host", run.owner->host}, {"process", run.owner->pid}};
}

/// What only a finished run has.
void add_outcome(Json& document, const RunOutcome& outcome) {
  document["images_per_class"] = {{"least", outcome.shots.least}, {"most", outcome.shots.most}};
  if (outcome.parameters) {
    document["parameters"] = {{"all", outcome.parameters->all},
                              {"without_biases", outcome.parameters->without_biases}};
  }
  document["scores"] = scores_of(outcome);
  document["refusals"] = refusals_of(outcome);
  document["epochs"] = epochs_of(outcome);
  document["tracked"] = tracked_of(outcome);
  document["execution"] = execution_of(outcome.execution);
  document["hashes"] = {{"draw", outcome.draw_hash},
                        {"class_names", outcome.class_names_hash},
                        {"trained_state", outcome.state_hash}};
}

}  // namespace

Json document_of(const RunRecord& run, const Ledger& ledger) {
  Json document = {{"id", run.id},
                   {"status", to_string(run.status)},
                   {"attempts", run.attempts},
                   {"error", run.error},
                   {"created", run.created},
                   {"ended", run.ended},
                   {"owner", owner_of(run)},
                   {"protocols", names_of(run.protocols)},
                   {"spec", run.spec.canonical()},
                   {"model", model_of(run, ledger)},
                   {"prompt", existing(prompt_path(ledger.path(), run.id))},
                   {"log", existing(log_path(ledger.path(), run.id))},
                   {"images_per_class", nullptr},
                   {"parameters", nullptr},
                   {"scores", nullptr},
                   {"refusals", nullptr},
                   {"epochs", nullptr},
                   {"tracked", nullptr},
                   {"execution", nullptr},
                   {"hashes", nullptr}};
  // A run that is done keeps its outcome while it is redone, and if that fails.
  const bool was_finished = !run.plugin_hash.empty();
  if (was_finished) add_outcome(document, ledger.outcome(run.id));
  return document;
}

}  // namespace promptbed
