#pragma once

#include <promptbed/protocol.h>
#include <promptbed/task.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared.h"
#include "data/draws/class_sets.h"
#include "data/draws/few_shot.h"
#include "features/feature_cache.h"
#include "results/run_record.h"
#include "results/run_spec.h"
#include "sweep/sweep_spec.h"

/// What passes between a sweep and whoever makes its runs. Everything here is data, and has a form of one
/// line of JSON without the line's end.
namespace promptbed {

/// Classes of a dataset that a trained prompt is tested on.
struct JobTest {
  std::string dataset;     ///< its id
  std::string split_hash;  ///< of the split that was planned with
  ClassSet classes = ClassSet::all;
  std::string images = {};  ///< hash of the test images that were planned with; "" if that is not known

  bool operator==(const JobTest&) const = default;

  /// What is tested on, as the ledger keeps it (test_set_of).
  std::string test_set() const { return test_set_of(split_hash, images); }

  /// "base of transport"
  std::string title() const;
};

/// What jobs train on. Those of the other methods have it, too, and share it: there may be a hundred
/// thousand.
struct JobData {
  std::vector<std::string> class_names;      ///< the K training classes, by label
  std::vector<std::string> new_class_names;  ///< classes of the same dataset that are tested only
  FewShotDraw draw;                          ///< labels from 0 to K-1; empty for a method without training
  Descriptions descriptions;                 ///< of all these classes; empty if the method reads none

  bool operator==(const JobData&) const = default;
};

/// A run to be made: all that is settled before anything is loaded or trained.
struct Job {
  RunSpec run;
  std::string label;  ///< "n_ctx=16" if the sweep tries several values; otherwise ""
  Protocol protocol = Protocol::base_new;
  Shared<JobData> data;
  Shared<std::vector<JobTest>> tests;  ///< to be made
  /// Hash of the state that an earlier attempt trained and kept, "" for a method without training; nothing if
  /// the run is still to be trained.
  std::optional<std::string> kept_state = {};
  int64_t attempt = 1;

  /// "coop n_ctx=16 on transport, 16 shots, seed 1"
  std::string title() const;
};

/// What is to be extracted of a dataset before the runs that need it can be made.
struct Extraction {
  std::string dataset;                ///< its id
  std::vector<FeatureRequest> views;  ///< that runs ask for
  std::vector<FeatureRequest> crops;  ///< random ones of test images; none if no run asks for them
  int64_t missing = 0;                ///< images of which something is not in the caches
};

/// How far a job is.
enum class JobStage {
  trained,      ///< the prompt is written; its tests follow
  done,         ///< the tests are made
  failed,       ///< the method, the features or the files failed
  interrupted,  ///< whoever made it was asked to stop
};

/// What became of a job. One that trains yields `trained` first, and every job ends in one of the others,
/// unless its process dies.
struct JobOutcome {
  std::string run;  ///< its id
  JobStage stage = JobStage::done;
  RunOutcome outcome = {};  ///< of `trained` without tests, of `done` with them
  /// Of `trained`: the name of the file with its prompt, which the queue puts in place once it knows that the
  /// run is still its own (see publish_prompt); "" for a method without tensors.
  std::string prompt = {};
  std::string error = {};  ///< of `failed`, one line
};

std::string to_json_line(const BenchSpec& spec);
std::string to_json_line(const Job& job);
std::string to_json_line(const JobData& data);
std::string to_json_line(const Extraction& extraction);
std::string to_json_line(const JobOutcome& outcome);
std::string to_json_line(const RunOutcome& outcome);

/// The reverse. All throw Error for any other text.
BenchSpec parse_bench_spec(std::string_view line);
Job parse_job(std::string_view line);
JobData parse_job_data(std::string_view line);
Extraction parse_extraction(std::string_view line);
JobOutcome parse_job_outcome(std::string_view line);
RunOutcome parse_run_outcome(std::string_view line);

/// The same of a job whose data is kept elsewhere, under a name: `data_of` knows it by that.
std::string to_json_line(const Job& job, const std::string& data_name);
Job parse_job(std::string_view line, const std::function<Shared<JobData>(const std::string& name)>& data_of);

}  // namespace promptbed
