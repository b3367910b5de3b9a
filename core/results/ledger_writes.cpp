#include "results/ledger_sql.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace promptbed {
namespace {

using nlohmann::json;

/// The time, for people.
constexpr const char* kNow = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// The place of a run that ends now among all ends.
constexpr const char* kNext = "(SELECT ifnull(max(sequence), 0) + 1 FROM run)";

void insert_score(LedgerDatabase& database, const std::string& run, const Score& score) {
  database.execute("INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", run,
                   score.dataset, score.class_set, score.images, score.correct, score.accuracy,
                   score.macro_f1, score.predictions_hash, score.split_hash);
}

/// The score of its test has to be there.
void insert_measurement(LedgerDatabase& database, const std::string& run, const Measurement& measurement) {
  database.execute("INSERT INTO measurement VALUES (?, ?, ?, ?, ?, NULL)", run, measurement.dataset,
                   measurement.class_set, measurement.name, measurement.value);
}

/// The same.
void insert_reliability(LedgerDatabase& database, const std::string& run, const Reliability& reliability) {
  json bins = json::array();
  for (const ConfidenceBin& bin : reliability.bins) bins.push_back({bin.images, bin.correct, bin.confidence});
  database.execute("INSERT INTO reliability VALUES (?, ?, ?, ?, NULL)", run, reliability.dataset,
                   reliability.class_set, bins.dump());
}

void insert_refusal(LedgerDatabase& database, const std::string& run, const Refusal& refusal) {
  database.execute("INSERT OR REPLACE INTO refusal VALUES (?, ?, ?, ?, ?, NULL)", run, refusal.dataset,
                   refusal.class_set, refusal.reason, refusal.split_hash);
}

void insert_epoch(LedgerDatabase& database, const std::string& run, const EpochRecord& epoch) {
  database.execute("INSERT INTO epoch VALUES (?, ?, ?, ?, ?, NULL)", run, epoch.epoch, epoch.loss,
                   epoch.learning_rate, epoch.seconds);
}

void insert_tracked(LedgerDatabase& database, const std::string& run, const TrackedAccuracy& tracked) {
  database.execute("INSERT INTO tracked VALUES (?, ?, ?, ?, NULL)", run, tracked.epoch, tracked.class_set,
                   tracked.accuracy);
}

void insert_execution(LedgerDatabase& database, const std::string& run, const Execution& execution) {
  database.execute(
      "INSERT OR REPLACE INTO execution SELECT id, attempts, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL "
      "FROM run WHERE id = ?",
      execution.host, execution.processor, execution.threads, execution.precision, execution.torch_version,
      execution.blas, execution.code_version, execution.dirty ? 1 : 0, execution.plugin_hash,
      json(execution.seconds).dump(), execution.cache_hits, execution.peak_memory, execution.test_images,
      run);
}

}  // namespace

void insert_run(LedgerDatabase& database, std::string_view id, const RunSpec& spec) {
  database.execute("INSERT INTO run (id, spec, status, attempts) VALUES (?, ?, 'running', 0)",
                   std::string(id), spec.canonical().dump());
}

void set_owner(LedgerDatabase& database, std::string_view id, const ProcessIdentity& owner) {
  database.execute(
      fmt::format("UPDATE run SET status = 'running', attempts = attempts + 1, host = ?, pid = ?, "
                  "process_start = ?, claimed = {} WHERE id = ?",
                  kNow),
      owner.host, owner.pid, owner.start, std::string(id));
}

void undo_claim(LedgerDatabase& database, std::string_view id) {
  database.execute("DELETE FROM run WHERE id = ? AND ended IS NULL", std::string(id));
  database.execute(
      "UPDATE run SET status = iif(draw_hash IS NULL, 'failed', 'done'), "
      "attempts = iif(EXISTS (SELECT 1 FROM execution WHERE run = id AND attempt = attempts), attempts, "
      "attempts - 1), host = NULL, pid = NULL, process_start = NULL, claimed = NULL WHERE id = ?",
      std::string(id));
}

void write_training(LedgerDatabase& database, std::string_view id, const RunOutcome& outcome) {
  const std::string run(id);
  for (const char* table : {"score", "refusal"}) {
    database.execute(
        fmt::format("DELETE FROM {} WHERE run = ?1 AND (SELECT state_hash FROM run WHERE id = ?1) IS NOT ?2",
                    table),
        run, outcome.state_hash);
  }
  database.execute(
      fmt::format("UPDATE run SET ended = {}, sequence = {}, draw_hash = ?, class_names_hash = ?, "
                  "state_hash = ?, shots_least = ?, shots_most = ?, seal = NULL WHERE id = ?",
                  kNow, kNext),
      outcome.draw_hash, outcome.class_names_hash, outcome.state_hash, outcome.shots.least,
      outcome.shots.most, run);
  if (const auto& parameters = outcome.parameters) {
    database.execute("UPDATE run SET parameters = ?, parameters_without_biases = ? WHERE id = ?",
                     parameters->all, parameters->without_biases, run);
  }
  for (const char* table : {"epoch", "tracked"})
    database.execute(fmt::format("DELETE FROM {} WHERE run = ?", table), run);
  for (const EpochRecord& epoch : outcome.epochs) insert_epoch(database, run, epoch);
  for (const TrackedAccuracy& tracked : outcome.tracked) insert_tracked(database, run, tracked);
  insert_execution(database, run, outcome.execution);
}

void add_tests(LedgerDatabase& database, std::string_view id, const RunOutcome& tests) {
  const std::string run(id);
  database.execute(
      fmt::format("UPDATE run SET status = 'done', error = nullif(?, ''), ended = {}, sequence = {}, "
                  "host = NULL, pid = NULL, process_start = NULL, claimed = NULL, seal = NULL "
                  "WHERE id = ?",
                  kNow, kNext),
      tests.shortfall, run);
  for (const Score& score : tests.scores) {
    insert_score(database, run, score);  // in place of an earlier one with all that was measured with it
    database.execute("DELETE FROM refusal WHERE run = ? AND dataset = ? AND class_set = ?", run,
                     score.dataset, score.class_set);
  }
  for (const Measurement& measurement : tests.measurements) insert_measurement(database, run, measurement);
  for (const Reliability& reliability : tests.reliabilities) insert_reliability(database, run, reliability);
  for (const Refusal& refusal : tests.refusals) {
    insert_refusal(database, run, refusal);
    database.execute("DELETE FROM score WHERE run = ? AND dataset = ? AND class_set = ?", run,
                     refusal.dataset, refusal.class_set);
  }
  insert_execution(database, run, tests.execution);
}

void insert_asked(LedgerDatabase& database, std::string_view id, std::string_view protocol) {
  database.execute("INSERT OR IGNORE INTO asked SELECT id, ?, NULL FROM run WHERE id = ?",
                   std::string(protocol), std::string(id));
}

void write_model(LedgerDatabase& database, const ModelRecord& model) {
  database.execute("INSERT OR REPLACE INTO model VALUES (?, ?, ?, NULL)", model.fingerprint, model.name,
                   model.architecture);
}

void write_failure(LedgerDatabase& database, std::string_view id, std::string_view error) {
  database.execute(fmt::format("UPDATE run SET status = iif(draw_hash IS NULL, 'failed', 'done'), error = ?, "
                               "ended = iif(draw_hash IS NULL, {}, ended), "
                               "sequence = iif(draw_hash IS NULL, {}, sequence), host = NULL, pid = NULL, "
                               "process_start = NULL, claimed = NULL, seal = NULL WHERE id = ?",
                               kNow, kNext),
                   std::string(error), std::string(id));
}

void delete_run(LedgerDatabase& database, std::string_view id) {
  database.execute("DELETE FROM run WHERE id = ?", std::string(id));
}

}  // namespace promptbed
