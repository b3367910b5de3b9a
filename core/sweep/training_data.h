#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "data/draws/draw_changes.h"
#include "sweep/given_files.h"
#include "sweep/job.h"
#include "sweep/plan.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The classes of its dataset that a protocol trains on.
ClassSet trained_classes(Protocol protocol);

/// Whether a dataset's validation images are training images that were not drawn.
bool validates_on_training(const PlannedDataset& dataset, const SweepSpec& spec);

/// What the jobs of a sweep train on: the same for all methods, and made once.
class TrainingData {
 public:
  /// All arguments have to outlive this.
  TrainingData(const SweepSpec& spec, const GivenDraws& draws) : spec_(spec), given_(draws) {}

  /// The classes of a dataset, without images.
  Shared<JobData> classes_of(const PlannedDataset& dataset);

  struct Draw {
    Shared<JobData> data;       ///< the classes and the drawn images
    std::string given = {};     ///< hash of a draw that the user gave; "" for the ordinary one
    DrawChanges changes = {};   ///< that were made to it
    std::string obstacle = {};  ///< why runs cannot have it; "" if they can
  };
  /// Throws Error if a given draw does not fit the dataset.
  const Draw& draw_of(const PlannedDataset& dataset, int64_t shots, int64_t seed);

  /// The same data with all validation images of the trained classes.
  Shared<JobData> with_all_validation(const PlannedDataset& dataset, const Shared<JobData>& data);

  /// The same data with what was said of the classes.
  Shared<JobData> described(const PlannedDataset& dataset, const Shared<JobData>& data,
                            const ClassDescriptions& descriptions);

 private:
  Draw draw(const PlannedDataset& dataset, int64_t shots, int64_t seed);
  void change(Draw& draw, const PlannedDataset& dataset, int64_t shots, int64_t seed);

  const SweepSpec& spec_;
  const GivenDraws& given_;
  std::map<std::string, Shared<JobData>> classes_;                   // by dataset
  std::map<std::tuple<std::string, int64_t, int64_t>, Draw> draws_;  // by dataset, shots and seed
  std::map<const JobData*, Shared<JobData>> validated_, described_;  // by what they were made from
};

}  // namespace promptbed
