#include "results/ledger.h"

#include <SQLiteCpp/Savepoint.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sqlite3.h>

#include <set>
#include <string>
#include <utility>

#include "results/ledger_file.h"
#include "results/ledger_rows.h"
#include "results/ledger_seals.h"
#include "results/ledger_sql.h"

namespace promptbed {
namespace {

/// Whether the calling process may say how a claim ended: its own, or that of a process that cannot any more.
bool may_end(LedgerDatabase& database, std::string_view id) {
  const std::optional<Claim> claim = read_claim(database, id);
  return claim && claim->owner && (*claim->owner == this_process() || !may_live(*claim->owner));
}

/// Whether a run that the ledger knows may be claimed.
bool is_free(const Claim& claim, Redo redo, std::optional<int64_t> attempts) {
  if (claim.status == RunStatus::done && redo == Redo::no) return false;
  if (claim.owner && may_live(*claim.owner)) return false;
  return !attempts || claim.attempts <= *attempts;
}

/// The one id that begins so.
std::string whole_id(LedgerDatabase& database, std::string_view id, const std::filesystem::path& path) {
  const std::vector<std::string> found = ids_beginning_with(database, id);
  if (found.empty())
    throw Error(fmt::format("run {}: is not in {}; `runner runs list` shows the ids", id, path.string()));
  if (found.size() > 1) {
    throw Error(fmt::format("run {}: {} ids begin so ({}, {}{}); give more digits", id, found.size(),
                            found[0], found[1], found.size() > 2 ? ", ..." : ""));
  }
  if (!is_run_id(found[0])) throw DamagedRow{fmt::format("run {}: that is no run's id", found[0])};
  return found[0];
}

/// Throws Error if the run is not the calling process's any more.
void check_owned(LedgerDatabase& database, std::string_view id) {
  if (is_owned(database, id, this_process())) return;
  throw Error(
      fmt::format("run {}: was deleted or taken over while it ran; its result is dropped, sweep again", id));
}

}  // namespace

struct Ledger::Connection {
  std::filesystem::path path;
  LedgerDatabase database;
  bool is_together = false;
  std::set<std::string> unsealed = {};  // runs with rows that are sealed at the end of what is done together
  std::string lost = {};                // why what was done together is undone before its end

  /// What `action` returns, with the database's faults turned into Errors.
  template <class Action>
  auto guarded(Action&& action) {
    try {
      return action(database);
    } catch (const SQLite::Exception& fault) {
      throw_ledger_error(path, fault);
    } catch (const DamagedRow& damage) {
      throw Error(
          fmt::format("{}: {}; restore the ledger from a copy, or delete that run and sweep again "
                      "(`runner ledger check` shows all such rows)",
                      path.string(), damage.what));
    }
  }

  /// The same, done as a whole or not at all, and alone among all writers.
  template <class Action>
  auto transacted(Action&& action) {
    if (is_together) return joined(action);
    return guarded([&](LedgerDatabase& open) {
      SQLite::Transaction transaction(open, SQLite::TransactionBehavior::IMMEDIATE);
      return done(action, open, [&] { transaction.commit(); });
    });
  }

  /// Throws Error if a full or broken disk has ended the transaction: SQLite undoes it then, and what came
  /// after would be kept without what came before.
  void check_together() const {
    if (::sqlite3_get_autocommit(database.getHandle()) != 0)
      throw Error(lost.empty() ? fmt::format("{}: a transaction has ended early; sweep again", path.string())
                               : lost);
  }

  /// The last step of a transaction that has written rows of a run.
  void seal(LedgerDatabase& open, std::string_view run) {
    unsealed.emplace(run);
    if (!is_together) seal_all(open);
  }

  void seal_all(LedgerDatabase& open) { seal_new_rows(open, std::exchange(unsealed, {})); }

 private:
  /// As a part of what is done together.
  template <class Action>
  auto joined(Action& action) {
    check_together();
    try {
      return guarded([&](LedgerDatabase& open) {
        SQLite::Savepoint call(open, "call");
        return done(action, open, [&] { call.release(); });
      });
    } catch (const Error& fault) {
      if (::sqlite3_get_autocommit(database.getHandle()) != 0 && lost.empty()) lost = fault.what();
      throw;
    }
  }

  template <class Action, class Commit>
  static auto done(Action& action, LedgerDatabase& open, const Commit& commit) {
    if constexpr (std::is_void_v<decltype(action(open))>) {
      action(open);
      commit();
    } else {
      auto result = action(open);
      commit();
      return result;
    }
  }
};

Ledger::Ledger(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Ledger::Ledger(const std::filesystem::path& path)
    : connection_(new Connection{path, open_for_writing(path)}) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Ledger Ledger::open_existing(const std::filesystem::path& path, Access access) {
  check_exists(path);
  if (access == Access::write) return Ledger(path);
  Ledger ledger(std::unique_ptr<Connection>(new Connection{path, open_for_reading(path)}));
  ledger.connection_->guarded([&](LedgerDatabase& database) { check_structure(database, path); });
  return ledger;
}

const std::filesystem::path& Ledger::path() const {
  return connection_->path;
}

void Ledger::together(const std::function<void()>& calls) {
  connection_->transacted([&](LedgerDatabase& database) {
    struct Joined {
      Connection& connection;
      explicit Joined(Connection& open) : connection(open) { connection.is_together = true; }
      ~Joined() { connection.is_together = false; }
    };
    connection_->unsealed.clear();
    connection_->lost.clear();
    {
      const Joined joined(*connection_);
      calls();
    }
    connection_->check_together();
    connection_->seal_all(database);
  });
}

std::optional<RunState> Ledger::state(std::string_view id) const {
  return connection_->guarded([&](LedgerDatabase& database) -> std::optional<RunState> {
    const std::optional<Claim> claim = read_claim(database, id);
    if (!claim) return std::nullopt;
    return RunState{claim->status, claim->attempts, claim->kept_state};
  });
}

bool Ledger::claim(const RunSpec& spec, Redo redo, std::optional<int64_t> attempts,
                   std::string_view protocol) {
  return connection_->transacted([&](LedgerDatabase& database) {
    const std::string id = spec.id();
    const std::optional<Claim> present = read_claim(database, id);
    const bool free = !present || is_free(*present, redo, attempts);
    if (!present) insert_run(database, id, spec);
    if (free) set_owner(database, id, this_process());
    if (!protocol.empty()) insert_asked(database, id, protocol);
    connection_->seal(database, id);
    return free;
  });
}

void Ledger::release(std::string_view id) {
  connection_->transacted([&](LedgerDatabase& database) {
    if (may_end(database, id)) undo_claim(database, id);
  });
}

std::string Ledger::give_up(std::string_view id) {
  return connection_->transacted([&](LedgerDatabase& database) {
    const std::string whole = whole_id(database, id, path());
    const std::optional<ProcessIdentity> owner = read_claim(database, whole)->owner;
    if (!owner) throw Error(fmt::format("run {}: no process has it; `runner sweep` makes it", whole));
    if (lives_here(*owner))
      throw Error(fmt::format("run {}: process {} is running it; end that first", whole, owner->pid));
    undo_claim(database, whole);
    return whole;
  });
}

void Ledger::keep_training(std::string_view id, const RunOutcome& outcome,
                           const std::function<void()>& publish) {
  connection_->transacted([&](LedgerDatabase& database) {
    check_owned(database, id);
    write_training(database, id, outcome);
    connection_->seal(database, id);
    publish();
  });
}

void Ledger::add_tests(std::string_view id, const RunOutcome& tests) {
  connection_->transacted([&](LedgerDatabase& database) {
    check_owned(database, id);
    promptbed::add_tests(database, id, tests);
    connection_->seal(database, id);
  });
}

void Ledger::ask(std::string_view protocol, const std::vector<std::string>& ids) {
  connection_->transacted([&](LedgerDatabase& database) {
    for (const std::string& id : ids) {
      insert_asked(database, id, protocol);
      connection_->seal(database, id);
    }
  });
}

void Ledger::describe(const ModelRecord& model) {
  connection_->transacted([&](LedgerDatabase& database) {
    write_model(database, model);
    seal_new_rows(database);
  });
}

void Ledger::fail(std::string_view id, std::string_view error) {
  connection_->transacted([&](LedgerDatabase& database) {
    if (!may_end(database, id)) return;
    write_failure(database, id, error);
    connection_->seal(database, id);
  });
}

std::string Ledger::remove(std::string_view id) {
  return connection_->transacted([&](LedgerDatabase& database) {
    const std::string whole = whole_id(database, id, path());
    const std::optional<ProcessIdentity> owner = read_claim(database, whole)->owner;
    if (owner && lives_here(*owner))
      throw Error(fmt::format("run {}: process {} is running it; end that first", whole, owner->pid));
    delete_run(database, whole);
    return whole;
  });
}

RunRecord Ledger::find(std::string_view id) const {
  return connection_->guarded([&](LedgerDatabase& database) {
    return read_runs(database, {.id = whole_id(database, id, path())}).front();
  });
}

std::vector<RunRecord> Ledger::list(const RunFilter& filter) const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_runs(database, filter); });
}

std::vector<RunScore> Ledger::scores(const RunFilter& filter) const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_scores(database, filter); });
}

std::vector<RunRefusal> Ledger::refusals(const RunFilter& filter) const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_refusals(database, filter); });
}

std::vector<RunMeasurement> Ledger::measurements(const RunFilter& filter) const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_measurements(database, filter); });
}

std::vector<RunReliability> Ledger::reliabilities(const RunFilter& filter) const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_reliabilities(database, filter); });
}

RunOutcome Ledger::outcome(std::string_view id) const {
  return connection_->guarded([&](LedgerDatabase& database) {
    std::optional<RunOutcome> outcome = read_outcome(database, id);
    if (!outcome) throw Error(fmt::format("run {}: was never finished; run `runner sweep` for it", id));
    return *std::move(outcome);
  });
}

std::vector<RunExecution> Ledger::executions() const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_executions(database); });
}

std::vector<RunEpoch> Ledger::epochs() const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_epochs(database); });
}

std::vector<RunTrackedAccuracy> Ledger::tracked(const RunFilter& filter) const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_tracked(database, filter); });
}

std::vector<ModelRecord> Ledger::models() const {
  return connection_->guarded([&](LedgerDatabase& database) { return read_models(database); });
}

}  // namespace promptbed
