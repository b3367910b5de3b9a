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

void insert_score(SQLite::Database& database, const std::string& run, const Score& score) {
  statement(database, "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", run,
            score.dataset, score.class_set, score.images, score.correct, score.accuracy, score.macro_f1,
            score.predictions_hash, score.split_hash)
      .exec();
}

/// The score of its test has to be there.
void insert_measurement(SQLite::Database& database, const std::string& run, const Measurement& measurement) {
  statement(database, "INSERT INTO measurement VALUES (?, ?, ?, ?, ?, NULL)", run, measurement.dataset,
            measurement.class_set, measurement.name, measurement.value)
      .exec();
}

/// The same.
void insert_reliability(SQLite::Database& database, const std::string& run, const Reliability& reliability) {
  json bins = json::array();
  for (const ConfidenceBin& bin : reliability.bins) bins.push_back({bin.images, bin.correct, bin.confidence});
  statement(database, "INSERT INTO reliability VALUES (?, ?, ?, ?, NULL)", run, reliability.dataset,
            reliability.class_set, bins.dump())
      .exec();
}

void insert_refusal(SQLite::Database& database, const std::string& run, const Refusal& refusal) {
  statement(database, "INSERT OR REPLACE INTO refusal VALUES (?, ?, ?, ?, ?, NULL)", run, refusal.dataset,
            refusal.class_set, refusal.reason, refusal.split_hash)
      .exec();
}

void insert_epoch(SQLite::Database& database, const std::string& run, const EpochRecord& epoch) {
  statement(database, "INSERT INTO epoch VALUES (?, ?, ?, ?, ?, NULL)", run, epoch.epoch, epoch.loss,
            epoch.learning_rate, epoch.seconds)
      .exec();
}

void insert_tracked(SQLite::Database& database, const std::string& run, const TrackedAccuracy& tracked) {
  statement(database, "INSERT INTO tracked VALUES (?, ?, ?, ?, NULL)", run, tracked.epoch, tracked.class_set,
            tracked.accuracy)
      .exec();
}

void insert_execution(SQLite::Database& database, const std::string& run, const Execution& execution) {
  statement(
      database,
      "INSERT OR REPLACE INTO execution SELECT id, attempts, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL "
      "FROM run WHERE id = ?",
      execution.host, execution.processor, execution.threads, execution.precision, execution.torch_version,
      execution.blas, execution.code_version, execution.dirty ? 1 : 0, execution.plugin_hash,
      json(execution.seconds).dump(), execution.cache_hits, execution.peak_memory, execution.test_images, run)
      .exec();
}

}  // namespace

void insert_run(SQLite::Database& database, std::string_view id, const RunSpec& spec) {
  statement(database, "INSERT INTO run (id, spec, status, attempts) VALUES (?, ?, 'running', 0)",
            std::string(id), spec.canonical().dump())
      .exec();
}

void set_owner(SQLite::Database& database, std::string_view id, const ProcessIdentity& owner) {
  statement(database,
            fmt::format("UPDATE run SET status = 'running', attempts = attempts + 1, host = ?, pid = ?, "
                        "process_start = ?, claimed = {} WHERE id = ?",
                        kNow),
            owner.host, owner.pid, owner.start, std::string(id))
      .exec();
}

void undo_claim(SQLite::Database& database, std::string_view id) {
  statement(database, "DELETE FROM run WHERE id = ? AND ended IS NULL", std::string(id)).exec();
  statement(
      database,
      "UPDATE run SET status = iif(draw_hash IS NULL, 'failed', 'done'), "
      "attempts = iif(EXISTS (SELECT 1 FROM execution WHERE run = id AND attempt = attempts), attempts, "
      "attempts - 1), host = NULL, pid = NULL, process_start = NULL, claimed = NULL WHERE id = ?",
      std::string(id))
      .exec();
}

void write_training(SQLite::Database& database, std::string_view id, const RunOutcome& outcome) {
  const std::string run(id);
  for (const char* table : {"score", "refusal"}) {
    statement(
        database,
        fmt::format("DELETE FROM {} WHERE run = ?1 AND (SELECT state_hash FROM run WHERE id = ?1) IS NOT ?2",
                    table),
        run, outcome.state_hash)
        .exec();
  }
  statement(database,
            fmt::format("UPDATE run SET ended = {}, sequence = {}, draw_hash = ?, class_names_hash = ?, "
                        "state_hash = ?, shots_least = ?, shots_most = ?, seal = NULL WHERE id = ?",
                        kNow, kNext),
            outcome.draw_hash, outcome.class_names_hash, outcome.state_hash, outcome.shots.least,
            outcome.shots.most, run)
      .exec();
  if (const auto& parameters = outcome.parameters) {
    statement(database, "UPDATE run SET parameters = ?, parameters_without_biases = ? WHERE id = ?",
              parameters->all, parameters->without_biases, run)
        .exec();
  }
  for (const char* table : {"epoch", "tracked"})
    statement(database, fmt::format("DELETE FROM {} WHERE run = ?", table), run).exec();
  for (const EpochRecord& epoch : outcome.epochs) insert_epoch(database, run, epoch);
  for (const TrackedAccuracy& tracked : outcome.tracked) insert_tracked(database, run, tracked);
  insert_execution(database, run, outcome.execution);
}

void add_tests(SQLite::Database& database, std::string_view id, const RunOutcome& tests) {
  const std::string run(id);
  statement(database,
            fmt::format("UPDATE run SET status = 'done', error = nullif(?, ''), ended = {}, sequence = {}, "
                        "host = NULL, pid = NULL, process_start = NULL, claimed = NULL, seal = NULL "
                        "WHERE id = ?",
                        kNow, kNext),
            tests.shortfall, run)
      .exec();
  for (const Score& score : tests.scores) {
    insert_score(database, run, score);  // in place of an earlier one with all that was measured with it
    statement(database, "DELETE FROM refusal WHERE run = ? AND dataset = ? AND class_set = ?", run,
              score.dataset, score.class_set)
        .exec();
  }
  for (const Measurement& measurement : tests.measurements) insert_measurement(database, run, measurement);
  for (const Reliability& reliability : tests.reliabilities) insert_reliability(database, run, reliability);
  for (const Refusal& refusal : tests.refusals) {
    insert_refusal(database, run, refusal);
    statement(database, "DELETE FROM score WHERE run = ? AND dataset = ? AND class_set = ?", run,
              refusal.dataset, refusal.class_set)
        .exec();
  }
  insert_execution(database, run, tests.execution);
}

void insert_asked(SQLite::Database& database, std::string_view id, std::string_view protocol) {
  statement(database, "INSERT OR IGNORE INTO asked SELECT id, ?, NULL FROM run WHERE id = ?",
            std::string(protocol), std::string(id))
      .exec();
}

void write_model(SQLite::Database& database, const ModelRecord& model) {
  statement(database, "INSERT OR REPLACE INTO model VALUES (?, ?, ?, NULL)", model.fingerprint, model.name,
            model.architecture)
      .exec();
}

void write_failure(SQLite::Database& database, std::string_view id, std::string_view error) {
  statement(database,
            fmt::format("UPDATE run SET status = iif(draw_hash IS NULL, 'failed', 'done'), error = ?, "
                        "ended = iif(draw_hash IS NULL, {}, ended), "
                        "sequence = iif(draw_hash IS NULL, {}, sequence), host = NULL, pid = NULL, "
                        "process_start = NULL, claimed = NULL, seal = NULL WHERE id = ?",
                        kNow, kNext),
            std::string(error), std::string(id))
      .exec();
}

void delete_run(SQLite::Database& database, std::string_view id) {
  statement(database, "DELETE FROM run WHERE id = ?", std::string(id)).exec();
}

}  // namespace promptbed
