#include "results/ledger_sql.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "results/ledger_rows.h"
#include "results/ledger_schema.h"

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

bool takes_all(const RunFilter& filter) {
  return filter.datasets.empty() && filter.methods.empty() && filter.shots.empty() && filter.seeds.empty() &&
         filter.model.empty() && !filter.status && filter.protocol.empty() && filter.id.empty();
}

/// Rows of the table run, or of one that has a column `run`, of the runs that the filter takes.
SQLite::Statement filtered(SQLite::Database& database, std::string_view table, const RunFilter& filter) {
  if (takes_all(filter)) return {database, sealed_rows(table)};
  const std::string join = table == "run" ? "" : fmt::format("JOIN run ON run.id = {}.run", table);
  SQLite::Statement prepared(database, fmt::format("{}{} WHERE {}", sealed_rows(table), join, kFilter));
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

/// All rows of a query, one by one.
template <class Read>
auto all_of(SQLite::Statement query, const Read& read) {
  std::vector<decltype(read(query))> rows;
  while (query.executeStep()) rows.push_back(read(query));
  return rows;
}

/// Runs by method, dataset, shots and seed; equal ones in the ledger's own order. Here, since SQLite would
/// sort rows with all that they hold, and in groups, since comparing is what takes long.
std::vector<RunRecord> sorted(std::vector<RunRecord> runs) {
  struct Place {
    int64_t shots, seed;
    size_t place;
    auto operator<=>(const Place&) const = default;
  };
  std::map<std::pair<std::string_view, std::string_view>, std::vector<Place>> groups;
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunSpec& spec = runs[i].spec;
    groups[{spec.method, spec.dataset}].push_back({spec.shots, spec.seed, i});
  }
  std::vector<size_t> places;
  for (auto& [names, members] : groups) {
    std::ranges::sort(members);
    for (const Place& member : members) places.push_back(member.place);
  }
  std::vector<RunRecord> in_order;
  in_order.reserve(runs.size());
  for (const size_t place : places) in_order.push_back(std::move(runs[place]));
  return in_order;
}

/// Rows of a table that belong to one run, or to any if `run` is "".
SQLite::Statement rows_of_run(SQLite::Database& database, const char* table, const std::string& run) {
  if (run.empty()) return {database, sealed_rows(table)};
  return statement(database, sealed_rows(table) + "WHERE run = ?", run);
}

/// Fills in what other tables know of the runs. A filter that takes one run does without reading those whole.
void add_attempts_and_protocols(SQLite::Database& database, const std::string& only_run,
                                std::vector<RunRecord>& runs) {
  std::unordered_map<std::string_view, RunRecord*> by_id;
  for (RunRecord& run : runs) by_id[run.id] = &run;
  std::unordered_map<std::string_view, int64_t> latest;
  auto attempt_row = rows_of_run(database, "execution", only_run);
  while (attempt_row.executeStep()) {
    Attempt attempt = attempt_of(attempt_row);
    const auto run = by_id.find(attempt.run);
    if (run == by_id.end() || attempt.number < latest[run->first]) continue;
    latest[run->first] = attempt.number;
    run->second->plugin_hash = std::move(attempt.plugin_hash);
  }
  auto asked_row = rows_of_run(database, "asked", only_run);
  while (asked_row.executeStep()) {
    const Asked asked = asked_of(asked_row);
    const auto run = by_id.find(asked.run);
    const auto protocol = find_protocol(asked.protocol);  // nothing for one that only a later version knows
    if (run != by_id.end() && protocol) run->second->protocols.push_back(*protocol);
  }
  for (RunRecord& run : runs) std::ranges::sort(run.protocols, {}, [](Protocol p) { return to_string(p); });
}

/// Reads every row of a table, for what is wrong with it.
template <class Read>
void collect_damage(SQLite::Database& database, const char* table, const Read& read,
                    std::vector<std::string>& found) {
  const bool seals = database.execAndGet("PRAGMA user_version").getInt() >= kFirstSealedSchema;
  SQLite::Statement row(database, sealed_rows(table));
  while (row.executeStep()) {
    try {
      read(row);
      if (seals && row.getColumn("seal").isNull())
        found.push_back(fmt::format("a row of {} ({}): was written by another program", table,
                                    row.getColumn(0).getString()));
    } catch (const DamagedRow& damage) {
      found.push_back(damage.what);
    }
  }
}

}  // namespace

std::optional<Claim> read_claim(LedgerDatabase& database, std::string_view id) {
  return database.first(
      "SELECT id, status, attempts, host, pid, process_start, draw_hash, state_hash FROM run WHERE id = ?",
      [](SQLite::Statement& row) {
        return Claim{status_of(row), row.getColumn("attempts").getInt64(), owner_of(row), kept_state_of(row)};
      },
      std::string(id));
}

bool is_owned(LedgerDatabase& database, std::string_view id, const ProcessIdentity& owner) {
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
  SpecReader specs;
  std::vector<RunRecord> runs = all_of(filtered(database, "run", filter),
                                       [&](const SQLite::Statement& row) { return run_of(row, specs); });
  add_attempts_and_protocols(database, filter.id, runs);
  return sorted(std::move(runs));
}

std::vector<RunScore> read_scores(SQLite::Database& database, const RunFilter& filter) {
  return all_of(filtered(database, "score", filter), score_of);
}

std::vector<RunRefusal> read_refusals(SQLite::Database& database, const RunFilter& filter) {
  return all_of(filtered(database, "refusal", filter), refusal_of);
}

std::vector<RunMeasurement> read_measurements(SQLite::Database& database, const RunFilter& filter) {
  return all_of(filtered(database, "measurement", filter), measurement_of);
}

std::vector<RunReliability> read_reliabilities(SQLite::Database& database, const RunFilter& filter) {
  return all_of(filtered(database, "reliability", filter), reliability_of);
}

std::optional<RunOutcome> read_outcome(SQLite::Database& database, std::string_view id) {
  const std::string run(id);
  auto execution = statement(
      database, fmt::format("{}WHERE run = ? ORDER BY {} LIMIT 1", sealed_rows("execution"), kTellingFirst),
      run);
  if (!execution.executeStep()) return std::nullopt;
  RunOutcome outcome;
  outcome.execution = execution_of(execution).execution;

  auto row = statement(database, sealed_rows("run") + "WHERE id = ?", run);
  row.executeStep();
  add_training(row, outcome);

  for (RunScore& score : read_scores(database, {.id = run})) outcome.scores.push_back(std::move(score.score));
  for (RunRefusal& refusal : read_refusals(database, {.id = run}))
    outcome.refusals.push_back(std::move(refusal.refusal));
  for (RunMeasurement& read : read_measurements(database, {.id = run}))
    outcome.measurements.push_back(std::move(read.measurement));
  for (RunReliability& read : read_reliabilities(database, {.id = run}))
    outcome.reliabilities.push_back(std::move(read.reliability));
  sort_tests(outcome.scores);
  sort_tests(outcome.refusals);
  auto epoch = statement(database, sealed_rows("epoch") + "WHERE run = ? ORDER BY epoch", run);
  while (epoch.executeStep()) outcome.epochs.push_back(epoch_of(epoch).epoch);
  for (RunTrackedAccuracy& read : read_tracked(database, {.id = run}))
    outcome.tracked.push_back(std::move(read.tracked));
  return outcome;
}

std::vector<RunExecution> read_executions(SQLite::Database& database) {
  std::vector<RunExecution> executions;
  SQLite::Statement row(database, fmt::format("{}ORDER BY run, {}", sealed_rows("execution"), kTellingFirst));
  while (row.executeStep()) {
    RunExecution execution = execution_of(row);
    const bool is_first = executions.empty() || executions.back().run != execution.run;
    if (is_first) executions.push_back(std::move(execution));
  }
  return executions;
}

std::vector<RunEpoch> read_epochs(SQLite::Database& database) {
  return all_of(SQLite::Statement(database, sealed_rows("epoch") + "ORDER BY run, epoch"), epoch_of);
}

std::vector<RunTrackedAccuracy> read_tracked(SQLite::Database& database, const RunFilter& filter) {
  std::vector<RunTrackedAccuracy> tracked = all_of(filtered(database, "tracked", filter), tracked_of);
  std::ranges::sort(tracked, {}, [](const RunTrackedAccuracy& one) {
    return std::tie(one.run, one.tracked.epoch, one.tracked.class_set);
  });
  return tracked;
}

std::vector<ModelRecord> read_models(SQLite::Database& database) {
  return all_of(SQLite::Statement(database, sealed_rows("model") + "ORDER BY name, fingerprint"), model_of);
}

std::vector<std::string> damaged_rows(SQLite::Database& database) {
  std::vector<std::string> found;
  SpecReader specs;
  collect_damage(
      database, "run", [&](const SQLite::Statement& row) { run_of(row, specs); }, found);
  collect_damage(database, "score", score_of, found);
  collect_damage(database, "refusal", refusal_of, found);
  collect_damage(database, "measurement", measurement_of, found);
  collect_damage(database, "reliability", reliability_of, found);
  collect_damage(database, "epoch", epoch_of, found);
  collect_damage(database, "tracked", tracked_of, found);
  collect_damage(database, "execution", execution_of, found);
  collect_damage(database, "asked", asked_of, found);
  collect_damage(database, "model", model_of, found);
  return found;
}

}  // namespace promptbed
