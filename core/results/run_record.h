#pragma once

#include <promptbed/protocol.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/processes.h"
#include "results/calibration.h"
#include "results/run_spec.h"

namespace promptbed {

/// How far a run is. A run that was never claimed has no status.
enum class RunStatus { running, done, failed };

/// "running", "done" or "failed".
std::string_view to_string(RunStatus status);

/// The protocol with this name; nothing for one that this version does not know.
std::optional<Protocol> find_protocol(std::string_view name);

/// How far a run is, and how many attempts were made, including one in progress.
struct RunState {
  RunStatus status = RunStatus::running;
  int64_t attempts = 0;
  std::optional<std::string> kept_state = {};  ///< as in RunRecord
};

/// How one run did on one set of test classes.
struct Score {
  std::string dataset;    ///< tested on; not the run's own in cross-dataset tests
  std::string class_set;  ///< "base", "new" or "all"
  int64_t images = 0;
  int64_t correct = 0;
  double accuracy = 0;  ///< percent
  double macro_f1 = 0;  ///< percent
  std::string predictions_hash;
  std::string split_hash = {};  ///< of the dataset tested on
};

/// A set of test classes that a method could not be tested on.
struct Refusal {
  std::string dataset;
  std::string class_set;        ///< "base", "new" or "all"
  std::string reason;           ///< in the method's words
  std::string split_hash = {};  ///< of that dataset
};

/// What is measured in a test besides its score. All are percent.
namespace measured {
inline constexpr const char* kPerClass = "per_class";  ///< mean accuracy of the classes
// Of methods whose scores are probabilities:
inline constexpr const char* kConfidence = "confidence";       ///< the mean
inline constexpr const char* kError = "ece";                   ///< see calibration_error()
inline constexpr const char* kAdaptiveError = "adaptive_ece";  ///< see adaptive_calibration_error()
inline constexpr const char* kAuroc = "auroc";                 ///< of base against new, on "all"
inline constexpr const char* kOpenWorldAuc = "openworld_auc";  ///< the same with classification
}  // namespace measured

/// One such number. None are in ledgers before schema 5.
struct Measurement {
  std::string dataset;
  std::string class_set;
  std::string name;  ///< one of `measured`
  double value = 0;
};

/// The confidences of a test, of a method whose scores are probabilities.
struct Reliability {
  std::string dataset;
  std::string class_set;
  std::vector<ConfidenceBin> bins;  ///< kConfidenceBins of equal width
};

/// Puts the scores or refusals of one run in the order of datasets and class sets.
template <class Test>
void sort_tests(std::vector<Test>& tests) {
  std::ranges::sort(tests, {}, [](const Test& test) { return std::tie(test.dataset, test.class_set); });
}

/// One pass over the training images.
struct EpochRecord {
  int64_t epoch = 0;  ///< from 0
  double loss = 0;    ///< mean over the steps; NaN if the training diverged
  double learning_rate = 0;
  double seconds = 0;
};

/// The accuracy that a prompt had after an epoch of its training on one half of its dataset's classes. None
/// are recorded unless they are asked for.
struct TrackedAccuracy {
  int64_t epoch = 0;      ///< from 0
  std::string class_set;  ///< "base" or "new"
  double accuracy = 0;    ///< percent
};

/// Where a run was made, and with what.
struct Execution {
  std::string host;
  std::string processor;
  int64_t threads = 0;
  std::string precision;
  std::string torch_version;
  std::string blas;  ///< "openblas-openmp/libblas.so.3 (SkylakeX)": library and kernels
  std::string code_version;
  bool dirty = false;                     ///< built from uncommitted changes
  std::string plugin_hash;                ///< of the plugin file
  std::map<std::string, double> seconds;  ///< by phase
  int64_t cache_hits = 0;                 ///< images whose features came from the cache
  int64_t peak_memory = 0;                ///< bytes
  int64_t test_images = 0;                ///< evaluated; 0 in older ledgers
};

/// Training images that the classes really have: fewer than requested if a class is small.
struct ShotRange {
  int64_t least = 0;
  int64_t most = 0;
};

/// How many parameters a method learned.
struct ParameterCount {
  int64_t all = 0;
  int64_t without_biases = 0;  ///< as arXiv 2203.05557 counts CoCoOp's Meta-Net (table 5)
};

/// A frozen model.
struct ModelRecord {
  std::string fingerprint;
  std::string name;          ///< of its file or folder
  std::string architecture;  ///< "ViT-B/16"
};

/// The result of a run.
struct RunOutcome {
  std::vector<Score> scores;
  std::vector<Refusal> refusals;
  std::vector<Measurement> measurements = {};
  std::vector<Reliability> reliabilities = {};
  std::vector<EpochRecord> epochs;
  std::vector<TrackedAccuracy> tracked = {};  ///< by epoch, base before new
  Execution execution;
  std::string draw_hash;         ///< of the training images drawn
  std::string class_names_hash;  ///< of the class names in label order
  std::string state_hash;        ///< of the trained tensors
  ShotRange shots;
  std::optional<ParameterCount> parameters = {};  ///< none in older ledgers
  std::string shortfall = {};                     ///< why some tests are missing; recorded as the run's error
};

/// One line of `runner runs list`.
struct RunRecord {
  std::string id;
  RunSpec spec;
  RunStatus status = RunStatus::running;
  int64_t attempts = 0;  ///< without those released before their training was kept
  std::string error;     ///< of the last attempt, even if an earlier one is done; "" if it succeeded
  std::string created;   ///< UTC, ISO 8601 with milliseconds
  std::string ended;     ///< the same; "" if it never ended
  /// Its place among all ends of runs, from 1; 0 if it never ended. What came later has a higher one,
  /// whatever the clock said.
  int64_t sequence = 0;
  std::optional<ProcessIdentity> owner;           ///< the process that runs it now
  std::string claimed = {};                       ///< since when, as `created`; "" in older ledgers
  ShotRange shots;                                ///< known once done
  std::string plugin_hash = {};                   ///< of the last finished attempt; "" if none
  std::vector<Protocol> protocols = {};           ///< that asked for it, by name
  std::optional<ParameterCount> parameters = {};  ///< known once done; none in older ledgers
  /// Hash of the state that the last training gave and that was kept, "" for one without tensors; nothing if
  /// none was kept yet.
  std::optional<std::string> kept_state = {};
};

/// A score and the run that made it.
struct RunScore {
  std::string run;  ///< its id
  Score score;
};

/// A refusal and its run.
struct RunRefusal {
  std::string run;  ///< its id
  Refusal refusal;
};

/// A measurement and its run.
struct RunMeasurement {
  std::string run;  ///< its id
  Measurement measurement;
};

/// The confidences of a test and its run.
struct RunReliability {
  std::string run;  ///< its id
  Reliability reliability;
};

/// How a finished run was made.
struct RunExecution {
  std::string run;  ///< its id
  Execution execution;
};

/// An epoch of a finished run.
struct RunEpoch {
  std::string run;  ///< its id
  EpochRecord epoch;
};

/// A tracked accuracy and its run.
struct RunTrackedAccuracy {
  std::string run;  ///< its id
  TrackedAccuracy tracked;
};

/// Which runs to list. An empty list or text matches all; methods without training match any shots and seeds.
struct RunFilter {
  std::vector<std::string> datasets = {};
  std::vector<std::string> methods = {};
  std::vector<int64_t> shots = {};
  std::vector<int64_t> seeds = {};
  std::string model = {};  ///< a fingerprint or a prefix of it
  std::optional<RunStatus> status = {};
  std::string protocol = {};  ///< one that asked for the runs
  std::string id = {};        ///< of a single run
};

/// The trained prompt of a run, beside its ledger: prompts/ID.safetensors. Throws Error for a text that is no
/// id: whatever a ledger may hold, no path leads out of the folder.
std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run);

/// What was logged while the run was made: logs/ID.log beside the ledger. Throws as prompt_path().
std::filesystem::path log_path(const std::filesystem::path& ledger, const std::string& run);

/// Where a run's training stood last, while it is not done: checkpoints/ID.safetensors beside the ledger.
/// Throws as prompt_path().
std::filesystem::path checkpoint_path(const std::filesystem::path& ledger, const std::string& run);

/// The run that a prompt, pending or not, or a log belongs to by its name: "0123456789abcdef" of
/// "0123456789abcdef.safetensors" and of "0123456789abcdef.safetensors.XXXX.tmp". Of another file it is no
/// run's id.
std::string run_of_file(const std::filesystem::path& file);

}  // namespace promptbed
