#include "results/ledger_merge.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "results/dataset_places.h"
#include "results/ledger_file.h"
#include "results/ledger_rows.h"
#include "results/ledger_seals.h"
#include "results/ledger_sql.h"
#include "results/prompt_file.h"
#include "results/row_copier.h"
#include "table/table.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Tables whose rows belong to a run, in an order in which they can be filled.
constexpr const char* kTablesOfRuns[] = {"score",     "refusal", "epoch",       "tracked",
                                         "execution", "asked",   "measurement", "reliability"};

/// A test by dataset and class set.
using Test = std::pair<std::string, std::string>;

/// What decides whether two ledgers agree on a test.
struct TestResult {
  std::string text;  ///< of a score or a refusal, all of its numbers
  bool measured = false;
};

struct KnownRun {
  RunRecord record;
  std::map<Test, TestResult> tests;
  bool tracked = false;
  std::set<std::string> executions;  ///< all but the number of the attempt
};

using KnownRuns = std::map<std::string, KnownRun>;

std::string text_of(const Score& score) {
  return fmt::format("{} of {} images right", score.correct, score.images) +
         fmt::format(" {} {} {}", score.macro_f1, score.predictions_hash, score.split_hash);
}

std::string text_of(const Execution& execution) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", execution.host, execution.processor,
                     execution.threads, execution.precision, execution.torch_version, execution.blas,
                     execution.code_version, execution.dirty, execution.plugin_hash,
                     fmt::join(execution.seconds, " "), execution.cache_hits, execution.peak_memory,
                     execution.test_images);
}

/// Of every attempt, where RunExecution has the last alone.
void read_executions_of_all(SQLite::Database& database, KnownRuns& runs) {
  SQLite::Statement row(database, sealed_rows("execution"));
  while (row.executeStep()) {
    const RunExecution read = execution_of(row);
    if (const auto known = runs.find(read.run); known != runs.end())
      known->second.executions.insert(text_of(read.execution));
  }
}

KnownRuns read_all(SQLite::Database& database) {
  KnownRuns runs;
  for (RunRecord& record : read_runs(database, {})) {
    const std::string id = record.id;
    runs[id].record = std::move(record);
  }
  for (const auto& [run, score] : read_scores(database, {}))
    runs[run].tests[{score.dataset, score.class_set}].text = text_of(score);
  for (const auto& [run, refusal] : read_refusals(database, {}))
    runs[run].tests[{refusal.dataset, refusal.class_set}].text = "cannot: " + refusal.split_hash;
  for (const auto& [run, measurement] : read_measurements(database, {}))
    runs[run].tests[{measurement.dataset, measurement.class_set}].measured = true;
  for (const auto& [run, tracked] : read_tracked(database, {})) runs[run].tracked = true;
  read_executions_of_all(database, runs);
  return runs;
}

/// "coop on devices, 16 shots, seed 1"
std::string title_of(const RunSpec& spec) {
  const std::string shots =
      spec.classes.empty() ? "" : ", " + plural(static_cast<size_t>(spec.shots), "shot");
  const std::string seed = spec.seed == 0 ? "" : fmt::format(", seed {}", spec.seed);
  return fmt::format("{} on {}{}{}", spec.method, spec.dataset, shots, seed);
}

/// One ledger on its way into another, within a transaction of the latter.
class Merge {
 public:
  Merge(SQLite::Database& source, fs::path from, LedgerDatabase& target, fs::path into)
      : source_(source),
        target_(target),
        rows_(source, target),
        from_(std::move(from)),
        into_(std::move(into)) {}

  MergeSummary make(const KnownRuns& theirs) {
    const KnownRuns ours = read_all(target_);
    check_agreement(theirs, ours);
    // In the order in which they ended there, which is what tells newer from older.
    std::vector<const KnownRun*> ordered;
    for (const auto& [id, run] : theirs) ordered.push_back(&run);
    std::ranges::stable_sort(ordered, {}, [](const KnownRun* run) { return run->record.sequence; });
    for (const KnownRun* run : ordered) {
      const auto own = ours.find(run->record.id);
      merge(*run, own == ours.end() ? nullptr : &own->second);
    }
    for (const ModelRecord& model : read_models(source_)) {
      target_.execute("INSERT OR IGNORE INTO model VALUES (?, ?, ?, NULL)", model.fingerprint, model.name,
                      model.architecture);
    }
    seal_new_rows(target_);
    return std::move(summary_);
  }

 private:
  /// Throws Error, naming the first, if both have other numbers of a run.
  void check_agreement(const KnownRuns& theirs, const KnownRuns& ours) const {
    std::string first;
    size_t others = 0;
    for (const auto& [id, run] : theirs) {
      const auto own = ours.find(id);
      if (own == ours.end()) continue;
      const std::string difference = difference_of(run, own->second);
      if (difference.empty()) continue;
      if (first.empty()) {
        first = fmt::format("run {} ({}): {}", id, title_of(run.record.spec), difference);
      } else {
        ++others;
      }
    }
    if (first.empty()) return;
    const std::string more = others == 0 ? "" : fmt::format(", and {} differ", plural(others, "more run"));
    throw Error(
        fmt::format("{} and {} cannot be merged: {}{}; delete the wrong one (`runner runs delete ID "
                    "--db LEDGER`)",
                    from_.string(), into_.string(), first, more));
  }

  /// "" if the two may be joined.
  static std::string difference_of(const KnownRun& theirs, const KnownRun& ours) {
    const auto &state = theirs.record.kept_state, &own = ours.record.kept_state;
    if (!state || !own) return "";
    if (*state != *own) return fmt::format("other states were trained, {} and {}", *state, *own);
    for (const auto& [test, result] : theirs.tests) {
      const auto found = ours.tests.find(test);
      if (found == ours.tests.end() || found->second.text == result.text) continue;
      return fmt::format("on {} of {} they have other results", test.second, test.first);
    }
    return "";
  }

  void merge(const KnownRun& theirs, const KnownRun* ours) {
    const RunRecord& record = theirs.record;
    if (record.status == RunStatus::running && !record.kept_state) {
      ++summary_.running;
      return;
    }
    if (ours == nullptr) {
      take(theirs);
    } else if (record.kept_state && !ours->record.kept_state) {
      if (ours->record.status == RunStatus::running)
        throw Error(fmt::format("{}: run {} ({}) is being made; wait for it, or `runner runs release {}`",
                                into_.string(), record.id, title_of(record.spec), record.id));
      take(theirs);
    } else {
      join(theirs, *ours);
    }
  }

  /// The whole run, in the place of one that never ended well.
  void take(const KnownRun& theirs) {
    const std::string& id = theirs.record.id;
    bring_prompt(theirs.record);
    bring_log(id);
    const std::vector<std::string> asked = protocols_of(target_, id);
    delete_run(target_, id);
    rows_.copy("run", "id = ?", {id});
    // A claim, of a process that makes more tests or was killed at it, stays where it is.
    target_.execute(
        "UPDATE run SET status = iif(status = 'running', 'done', status), host = NULL, pid = NULL, "
        "process_start = NULL, claimed = NULL WHERE id = ?",
        id);
    target_.execute(
        "UPDATE run SET sequence = (SELECT ifnull(max(sequence), 0) + 1 FROM run WHERE id <> ?1) "
        "WHERE id = ?1 AND ended IS NOT NULL",
        id);
    for (const char* table : kTablesOfRuns) rows_.copy(table, "run = ?", {id});
    for (const std::string& protocol : asked) insert_asked(target_, id, protocol);
    ++summary_.taken;
  }

  /// What one has and the other lacks of a run that both have.
  void join(const KnownRun& theirs, const KnownRun& ours) {
    const std::string& id = theirs.record.id;
    bool has_more = false;
    for (const auto& [test, result] : theirs.tests) {
      const auto found = ours.tests.find(test);
      const bool is_new = found == ours.tests.end();
      if (!is_new && (found->second.measured || !result.measured)) continue;
      has_more = true;
      std::vector<const char*> tables;
      if (is_new) tables = {"score", "refusal"};
      tables.insert(tables.end(), {"measurement", "reliability"});
      for (const char* table : tables)
        rows_.copy(table, "run = ? AND dataset = ? AND class_set = ?", {id, test.first, test.second});
    }
    if (theirs.tracked && !ours.tracked) {
      has_more = true;
      rows_.copy("tracked", "run = ?", {id});
    }
    for (const std::string& protocol : protocols_of(source_, id)) insert_asked(target_, id, protocol);
    if (has_more) append_executions(id, ours);
    if (has_more && theirs.record.error.empty())
      target_.execute("UPDATE run SET error = NULL WHERE id = ?", id);
    if (theirs.record.kept_state && ours.record.kept_state) bring_prompt(theirs.record);
    ++(has_more ? summary_.joined : summary_.present);
  }

  static std::vector<std::string> protocols_of(SQLite::Database& database, const std::string& id) {
    std::vector<std::string> protocols;
    SQLite::Statement row = statement(database, "SELECT protocol FROM asked WHERE run = ?", id);
    while (row.executeStep()) protocols.push_back(row.getColumn(0));
    return protocols;
  }

  /// As attempts behind those that are there.
  void append_executions(const std::string& id, const KnownRun& ours) {
    SQLite::Statement row(source_, sealed_rows("execution") + " WHERE run = ? ORDER BY attempt");
    row.bind(1, id);
    while (row.executeStep()) {
      if (ours.executions.contains(text_of(execution_of(row).execution))) continue;
      const auto last = target_.first(
          "SELECT max(attempts, (SELECT ifnull(max(attempt), 0) FROM execution WHERE run = ?1)) FROM run "
          "WHERE id = ?1",
          [](SQLite::Statement& attempts) { return attempts.getColumn(0).getInt64(); }, id);
      const int64_t attempt = last.value() + 1;
      target_.execute("UPDATE run SET attempts = ? WHERE id = ?", attempt, id);
      rows_.copy("execution", "run = ? AND attempt = ?", {id, row.getColumn("attempt").getString()}, attempt);
    }
  }

  /// Ledgers of one folder share the files.
  bool shares_files() const {
    std::error_code failure;
    const auto folder_of = [](const fs::path& ledger) { return fs::absolute(ledger).parent_path(); };
    return fs::equivalent(folder_of(from_), folder_of(into_), failure);
  }

  /// Throws Error if another prompt is in its place.
  void bring_prompt(const RunRecord& record) {
    if (shares_files() || record.spec.classes.empty() || record.kept_state.value_or("").empty()) return;
    const fs::path prompt = prompt_path(from_, record.id), place = prompt_path(into_, record.id);
    if (fs::exists(place)) {
      if (const std::string fault = fault_of_prompt(place, *record.kept_state); !fault.empty())
        throw Error(fmt::format("{}; delete it or restore it, and merge again", fault));
      return;
    }
    if (const std::string fault = fault_of_prompt(prompt, *record.kept_state); !fault.empty()) {
      summary_.notes.push_back(fault + "; its run comes along without it");
      return;
    }
    write_file(place, read_file(prompt));
  }

  /// A log that cannot be read is no reason to stop.
  void bring_log(const std::string& id) const {
    std::error_code failure;
    const fs::path log = log_path(from_, id), place = log_path(into_, id);
    if (shares_files() || !fs::is_regular_file(log, failure) || fs::exists(place, failure)) return;
    try {
      write_file(place, read_file(log));
    } catch (const Error&) {
    }
  }

  SQLite::Database& source_;
  LedgerDatabase& target_;
  RowCopier rows_;
  fs::path from_, into_;
  MergeSummary summary_;
};

}  // namespace

MergeSummary merge_ledger(const fs::path& source, const fs::path& into) {
  check_exists(source);
  std::error_code failure;
  if (fs::equivalent(source, into, failure))
    throw Error(fmt::format("{}: is the ledger to merge into; name the others", source.string()));
  std::optional<LedgerDatabase> theirs;
  std::optional<SQLite::Transaction> snapshot;  // so that all is read as it was at one time
  KnownRuns runs;
  try {
    theirs.emplace(open_for_reading(source));
    snapshot.emplace(*theirs);
    for (const std::string& damage : damaged_rows(*theirs))
      throw Error(
          fmt::format("{}: {}; restore it from a copy, or delete that run there", source.string(), damage));
    runs = read_all(*theirs);
  } catch (const SQLite::Exception& fault) {
    throw_ledger_error(source, fault);
  }
  try {
    LedgerDatabase ours = open_for_writing(into);
    SQLite::Transaction transaction(ours, SQLite::TransactionBehavior::IMMEDIATE);
    MergeSummary summary = Merge(*theirs, source, ours, into).make(runs);
    transaction.commit();
    std::ostream nowhere(nullptr);
    add_places(into, all_places(source), nowhere);
    return summary;
  } catch (const SQLite::Exception& fault) {
    throw_ledger_error(into, fault);
  } catch (const DamagedRow& damage) {
    throw Error(fmt::format("{}: {}; `runner ledger check` shows all such rows", into.string(), damage.what));
  }
}

}  // namespace promptbed
