#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_record.h"
#include "results/run_spec.h"

namespace promptbed {

/// Whether a finished run may be made once more.
enum class Redo { no, yes };

/// What a ledger is opened for.
enum class Access { read, write };

/// The record of all runs: one SQLite file that several processes may use at once.
///
///     Ledger ledger("runs/ledger.db");
///     if (!ledger.claim(spec)) return;
///     const RunOutcome outcome = train(spec);
///     ledger.keep_training(spec.id(), outcome);
///     ledger.add_tests(spec.id(), test(spec, outcome));
///
/// Every call is one transaction, unless together() joins several, and waits up to half a minute for other
/// writers. What it writes is on the disk when it returns. All throw Error if the file cannot be read or
/// written, and if a row that they read is not what was written: a score, say, that its own counts
/// contradict. A Ledger must not be used on both sides of a fork: each process opens its own.
class Ledger {
 public:
  /// Opens a ledger, or makes it and its folder. Throws Error if the file is something else.
  explicit Ledger(const std::filesystem::path& path);

  /// Opens a ledger that exists. For reading, it and its folder are left as they are and need not be
  /// writable; all calls that are not const then throw Error. Throws Error if there is none.
  static Ledger open_existing(const std::filesystem::path& path, Access access = Access::read);

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  const std::filesystem::path& path() const;

  /// Joins all calls that `calls` makes to one transaction, which costs the disk as much as one of them:
  /// thousands a second instead of dozens. What one call did is undone if that call throws; all of it is if
  /// `calls` or the commit does, or if the disk is full or fails in between, and then this throws Error.
  /// Other writers wait meanwhile, and readers may: keep it short. `calls` must not open the ledger's file in
  /// any other way: closing it would end this process's locks.
  void together(const std::function<void()>& calls);

  /// How far a run is; nothing if the ledger does not know it.
  std::optional<RunState> state(std::string_view id) const;

  /// Makes a run the calling process's, and keeps that `protocol` asks for it unless that is "". False if it
  /// is done and not to be redone, if another process works on it, and if it has been tried more often than
  /// `attempts`: somebody else had it meanwhile. A failed run is free, and so is one whose owner on this host
  /// is gone. Nobody can say that of another host's process or another container's, so its claim holds until
  /// somebody gives it up.
  bool claim(const RunSpec& spec, Redo redo = Redo::no, std::optional<int64_t> attempts = {},
             std::string_view protocol = {});

  /// Gives a claimed run back as it was before the claim, or since keep_training(). Does nothing unless the
  /// claim is the calling process's, or that of one of this host that is gone.
  void release(std::string_view id);

  /// The same for the claim of a process that the user knows to be gone, by the run's id or a prefix of it;
  /// returns the id. Throws Error for an unknown or ambiguous id, for a run that nobody has claimed and for
  /// one that is running on this host.
  std::string give_up(std::string_view id);

  /// Records how a claimed run was trained, before it is tested, replacing an earlier attempt: whatever
  /// becomes of the tests, the run is done from then on. Earlier tests stay if the same state was trained.
  /// `publish` is called before the commit, while nobody else can write, to put in place what the record
  /// speaks of: no record speaks of a file that is not there. If it throws, nothing is recorded. If the
  /// commit fails after it, what it has put in place stays beside the earlier record, if there is one, and
  /// whoever reads it has to compare it with that record's state_hash. Throws Error if the calling process
  /// has lost its claim, and then `publish` is not called.
  void keep_training(
      std::string_view id, const RunOutcome& outcome, const std::function<void()>& publish = [] {});

  /// Adds scores and refusals to a claimed run whose training is kept, and ends the claim. All else of the
  /// outcome is ignored. Throws Error if the calling process has lost its claim.
  void add_tests(std::string_view id, const RunOutcome& tests);

  /// Records why a claimed run failed; one that was done before stays done, with its result. Does nothing
  /// unless the claim is the calling process's, or that of one of this host that is gone.
  void fail(std::string_view id, std::string_view error);

  /// Keeps which protocol asks for those of the runs that the ledger knows.
  void ask(std::string_view protocol, const std::vector<std::string>& ids);

  /// Keeps what a model is called.
  void describe(const ModelRecord& model);

  /// Removes a run with all that belongs to it, by its id or a prefix of it, and returns the id. Throws Error
  /// for an unknown or ambiguous id and for a run that is running on this host.
  std::string remove(std::string_view id);

  /// The run of that id, or of that prefix of it. Throws Error for an unknown or ambiguous id.
  RunRecord find(std::string_view id) const;

  /// Runs by method, dataset, shots and seed.
  std::vector<RunRecord> list(const RunFilter& filter = {}) const;

  /// Scores of the runs that the filter takes, as they were written; of a run being redone, the earlier ones.
  std::vector<RunScore> scores(const RunFilter& filter = {}) const;

  /// The class sets that the methods of these runs could not serve, in the same way.
  std::vector<RunRefusal> refusals(const RunFilter& filter = {}) const;

  /// What was measured in the tests of these runs besides their scores, in the same way.
  std::vector<RunMeasurement> measurements(const RunFilter& filter = {}) const;
  std::vector<RunReliability> reliabilities(const RunFilter& filter = {}) const;

  /// The last training that was kept, and the tests added since. Throws Error for a run that was never
  /// finished.
  RunOutcome outcome(std::string_view id) const;

  /// How the finished runs were made, one for each: the last attempt that trained, or else the last one.
  std::vector<RunExecution> executions() const;

  /// The epochs of all finished runs, by run and epoch.
  std::vector<RunEpoch> epochs() const;

  /// What was tracked in the training of these runs, by run, epoch and class set, in the same way as scores.
  std::vector<RunTrackedAccuracy> tracked(const RunFilter& filter = {}) const;

  /// The models that runs were made with, by name; older ledgers have none.
  std::vector<ModelRecord> models() const;

 private:
  struct Connection;
  explicit Ledger(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace promptbed
