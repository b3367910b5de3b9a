#pragma once

#include <SQLiteCpp/Statement.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "results/ledger_sql.h"

/// Rows of the ledger's tables, as C++ sees them. Each is read by a statement that selects all columns of its
/// table, and the seal that they should have as `expected` (see sealed_rows()). All throw DamagedRow for a
/// row whose seal is another or whose values contradict each other.
namespace promptbed {

/// A row that is not what was written.
struct DamagedRow {
  std::string what;  ///< "score of run 4f1d...: ..."
};

/// "SELECT score.*, seal(...) AS expected FROM score", to be continued.
std::string sealed_rows(std::string_view table);

/// Reads the settings of many runs. They differ in little but the seed and the images that it draws, so each
/// text is parsed once without these.
class SpecReader {
 public:
  /// Throws DamagedRow for settings that are none, or of which the id is not the hash.
  RunSpec read(const std::string& id, const std::string& spec);

 private:
  std::unordered_map<std::string, std::optional<RunSpec>> known_;  // nothing where the cuts were wrong
};

RunRecord run_of(const SQLite::Statement& row, SpecReader& specs);
RunScore score_of(const SQLite::Statement& row);
RunRefusal refusal_of(const SQLite::Statement& row);
RunMeasurement measurement_of(const SQLite::Statement& row);
RunReliability reliability_of(const SQLite::Statement& row);
RunTrackedAccuracy tracked_of(const SQLite::Statement& row);
RunEpoch epoch_of(const SQLite::Statement& row);
RunExecution execution_of(const SQLite::Statement& row);
ModelRecord model_of(const SQLite::Statement& row);

/// A protocol that asked for a run.
struct Asked {
  std::string run;  ///< its id
  std::string protocol;
};
Asked asked_of(const SQLite::Statement& row);

/// An attempt's number and plugin, of a row of the table `execution`.
struct Attempt {
  std::string run;  ///< its id
  int64_t number = 0;
  std::string plugin_hash;
};
Attempt attempt_of(const SQLite::Statement& row);

/// What only the last training tells, of a row of the table `run`.
void add_training(const SQLite::Statement& row, RunOutcome& outcome);

/// Of a row of the table `run`.
RunStatus status_of(const SQLite::Statement& row);
std::optional<ProcessIdentity> owner_of(const SQLite::Statement& row);
std::optional<std::string> kept_state_of(const SQLite::Statement& row);

}  // namespace promptbed
