#include "results/ledger_sql.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace promptbed {
namespace {

using nlohmann::json;

/// An empty list or text matches all. Methods without training have no classes and match any shots and seeds.
constexpr const char* kFilter = R"sql(
  (:datasets = '[]' OR run.dataset IN (SELECT value FROM json_each(:datasets)))
  AND (:methods = '[]' OR run.method IN (SELECT value FROM json_each(:methods)))
  AND (:shots = '[]' OR run.classes = '' OR run.shots IN (SELECT value FROM json_each(:shots)))
  AND (:seeds = '[]' OR run.classes = '' OR run.seed IN (SELECT value FROM json_each(:seeds)))
  AND substr(run.model, 1, length(:model)) = :model
  AND (:status = '' OR run.status = :status)
  AND (:protocol = '' OR EXISTS (SELECT 1 FROM asked WHERE asked.run = run.id AND protocol = :protocol))
  AND (:id = '' OR run.id = :id)
)sql";

/// The order of a run's attempts. One that only added tests has no training, and does not say how the run
/// was made.
constexpr const char* kTellingFirst = "json_extract(seconds, '$.training') IS NULL, attempt DESC";

RunStatus status_of(std::string_view name) {
  return name == "done" ? RunStatus::done : name == "failed" ? RunStatus::failed : RunStatus::running;
}

SQLite::Statement filtered(SQLite::Database& database, const std::string& sql, const RunFilter& filter) {
  SQLite::Statement prepared(database, sql);
  prepared.bind(":datasets", json(filter.datasets).dump());
  prepared.bind(":methods", json(filter.methods).dump());
  prepared.bind(":shots", json(filter.shots).dump());
  prepared.bind(":seeds", json(filter.seeds).dump());
  prepared.bind(":model", filter.model);
  prepared.bind(":status", filter.status ? std::string(to_string(*filter.status)) : "");
  prepared.bind(":protocol", filter.protocol);
  prepared.bind(":id", filter.id);
  return prepared;
}

std::optional<ProcessIdentity> owner_of(const SQLite::Statement& row) {
  if (row.getColumn("host").isNull()) return std::nullopt;
  return ProcessIdentity{.host = row.getColumn("host"),
                         .pid = row.getColumn("pid").getInt64(),
                         .start = row.getColumn("process_start")};
}

ShotRange shots_of(const SQLite::Statement& row) {
  return {.least = row.getColumn("shots_least").getInt64(), .most = row.getColumn("shots_most").getInt64()};
}

std::optional<ParameterCount> parameters_of(const SQLite::Statement& row) {
  if (row.getColumn("parameters").isNull()) return std::nullopt;
  return ParameterCount{.all = row.getColumn("parameters").getInt64(),
                        .without_biases = row.getColumn("parameters_without_biases").getInt64()};
}

Score score_of(const SQLite::Statement& row) {
  return {.dataset = row.getColumn("dataset"),
          .class_set = row.getColumn("class_set"),
          .images = row.getColumn("images").getInt64(),
          .correct = row.getColumn("correct").getInt64(),
          .accuracy = row.getColumn("accuracy").getDouble(),
          .macro_f1 = row.getColumn("macro_f1").getDouble(),
          .predictions_hash = row.getColumn("predictions_hash"),
          .split_hash = row.getColumn("split_hash")};
}

Refusal refusal_of(const SQLite::Statement& row) {
  return {.dataset = row.getColumn("dataset"),
          .class_set = row.getColumn("class_set"),
          .reason = row.getColumn("reason"),
          .split_hash = row.getColumn("split_hash")};
}

EpochRecord epoch_of(const SQLite::Statement& row) {
  const SQLite::Column loss = row.getColumn("loss");  // SQLite stores NaN as NULL
  return {.epoch = row.getColumn("epoch").getInt64(),
          .loss = loss.isNull() ? std::numeric_limits<double>::quiet_NaN() : loss.getDouble(),
          .learning_rate = row.getColumn("learning_rate").getDouble(),
          .seconds = row.getColumn("seconds").getDouble()};
}

Execution execution_of(const SQLite::Statement& row) {
  return {.host = row.getColumn("host"),
          .processor = row.getColumn("processor"),
          .threads = row.getColumn("threads").getInt64(),
          .precision = row.getColumn("precision"),
          .torch_version = row.getColumn("torch_version"),
          .blas = row.getColumn("blas"),
          .code_version = row.getColumn("code_version"),
          .dirty = row.getColumn("dirty").getInt() != 0,
          .plugin_hash = row.getColumn("plugin_hash"),
          .seconds = json::parse(row.getColumn("seconds").getString()),
          .cache_hits = row.getColumn("cache_hits").getInt64(),
          .peak_memory = row.getColumn("peak_memory").getInt64(),
          .test_images = row.getColumn("test_images").getInt64()};
}

/// Those that this version knows.
std::vector<Protocol> protocols_of(const SQLite::Statement& row) {
  std::vector<Protocol> protocols;
  for (const json& name : json::parse(row.getColumn("protocols").getString())) {
    if (const auto known = find_protocol(name.get_ref<const std::string&>())) protocols.push_back(*known);
  }
  return protocols;
}

RunRecord record_of(const SQLite::Statement& row) {
  return {.id = row.getColumn("id"),
          .spec = RunSpec::parse(json::parse(row.getColumn("spec").getString())),
          .status = status_of(row.getColumn("status").getString()),
          .attempts = row.getColumn("attempts").getInt64(),
          .error = row.getColumn("error").getString(),
          .created = row.getColumn("created"),
          .ended = row.getColumn("ended").getString(),
          .owner = owner_of(row),
          .shots = shots_of(row),
          .plugin_hash = row.getColumn("plugin_hash").getString(),
          .protocols = protocols_of(row),
          .parameters = parameters_of(row)};
}

}  // namespace

std::optional<Claim> read_claim(SQLite::Database& database, std::string_view id) {
  auto row = statement(database, "SELECT status, attempts, host, pid, process_start FROM run WHERE id = ?",
                       std::string(id));
  if (!row.executeStep()) return std::nullopt;
  return Claim{status_of(row.getColumn("status").getString()), row.getColumn("attempts").getInt64(),
               owner_of(row)};
}

bool is_owned(SQLite::Database& database, std::string_view id, const ProcessIdentity& owner) {
  const std::optional<Claim> claim = read_claim(database, id);
  return claim && claim->owner == owner;
}

std::vector<std::string> ids_beginning_with(SQLite::Database& database, std::string_view prefix) {
  std::vector<std::string> ids;
  auto row =
      statement(database, "SELECT id FROM run WHERE ?1 <> '' AND substr(id, 1, length(?1)) = ?1 ORDER BY id",
                std::string(prefix));
  while (row.executeStep()) ids.push_back(row.getColumn(0));
  return ids;
}

std::vector<RunRecord> read_runs(SQLite::Database& database, const RunFilter& filter) {
  std::vector<RunRecord> runs;
  auto row = filtered(
      database,
      std::string(
          "SELECT *, (SELECT plugin_hash FROM execution WHERE run = run.id ORDER BY attempt DESC LIMIT 1) "
          "AS plugin_hash, (SELECT json_group_array(protocol) FROM (SELECT protocol FROM asked WHERE run = "
          "run.id ORDER BY protocol)) AS protocols FROM run WHERE ") +
          kFilter + "ORDER BY method, dataset, shots, seed, created, id",
      filter);
  while (row.executeStep()) runs.push_back(record_of(row));
  return runs;
}

std::vector<RunScore> read_scores(SQLite::Database& database, const RunFilter& filter) {
  std::vector<RunScore> scores;
  auto row = filtered(database,
                      std::string("SELECT score.* FROM score JOIN run ON run.id = score.run WHERE ") +
                          kFilter + "ORDER BY score.run, score.dataset, score.class_set",
                      filter);
  while (row.executeStep()) scores.push_back({row.getColumn("run"), score_of(row)});
  return scores;
}

std::vector<RunRefusal> read_refusals(SQLite::Database& database, const RunFilter& filter) {
  std::vector<RunRefusal> refusals;
  auto row = filtered(database,
                      std::string("SELECT refusal.* FROM refusal JOIN run ON run.id = refusal.run WHERE ") +
                          kFilter + "ORDER BY refusal.run, refusal.dataset, refusal.class_set",
                      filter);
  while (row.executeStep()) refusals.push_back({row.getColumn("run"), refusal_of(row)});
  return refusals;
}

std::optional<RunOutcome> read_outcome(SQLite::Database& database, std::string_view id) {
  const std::string run(id);
  auto execution = statement(
      database, fmt::format("SELECT * FROM execution WHERE run = ? ORDER BY {} LIMIT 1", kTellingFirst), run);
  if (!execution.executeStep()) return std::nullopt;
  RunOutcome outcome;
  outcome.execution = execution_of(execution);

  auto row = statement(database, "SELECT * FROM run WHERE id = ?", run);
  row.executeStep();
  outcome.draw_hash = row.getColumn("draw_hash").getString();
  outcome.class_names_hash = row.getColumn("class_names_hash").getString();
  outcome.state_hash = row.getColumn("state_hash").getString();
  outcome.shots = shots_of(row);
  outcome.parameters = parameters_of(row);
  outcome.shortfall = row.getColumn("error").getString();

  auto score = statement(database, "SELECT * FROM score WHERE run = ? ORDER BY dataset, class_set", run);
  while (score.executeStep()) outcome.scores.push_back(score_of(score));
  auto refusal = statement(database, "SELECT * FROM refusal WHERE run = ? ORDER BY dataset, class_set", run);
  while (refusal.executeStep()) outcome.refusals.push_back(refusal_of(refusal));
  auto epoch = statement(database, "SELECT * FROM epoch WHERE run = ? ORDER BY epoch", run);
  while (epoch.executeStep()) outcome.epochs.push_back(epoch_of(epoch));
  return outcome;
}

std::vector<RunExecution> read_executions(SQLite::Database& database) {
  std::vector<RunExecution> executions;
  auto row = statement(database, fmt::format("SELECT * FROM execution ORDER BY run, {}", kTellingFirst));
  while (row.executeStep()) {
    std::string run = row.getColumn("run");
    const bool is_first = executions.empty() || executions.back().run != run;
    if (is_first) executions.push_back({std::move(run), execution_of(row)});
  }
  return executions;
}

std::vector<RunEpoch> read_epochs(SQLite::Database& database) {
  std::vector<RunEpoch> epochs;
  auto row = statement(database, "SELECT * FROM epoch ORDER BY run, epoch");
  while (row.executeStep()) epochs.push_back({row.getColumn("run"), epoch_of(row)});
  return epochs;
}

std::vector<ModelRecord> read_models(SQLite::Database& database) {
  std::vector<ModelRecord> models;
  auto row = statement(database, "SELECT * FROM model ORDER BY name, fingerprint");
  while (row.executeStep()) {
    models.push_back({.fingerprint = row.getColumn("fingerprint"),
                      .name = row.getColumn("name"),
                      .architecture = row.getColumn("architecture")});
  }
  return models;
}

}  // namespace promptbed
