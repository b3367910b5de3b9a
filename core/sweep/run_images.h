#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sweep/job.h"
#include "sweep/workbench.h"
#include "training/shown_images.h"

namespace promptbed {

/// The images of a run, in the form that its method takes. All throw Error if they, or their features, are
/// not those that the run was planned with, and if they cannot be read.
class RunImages {
 public:
  /// Job and bench must outlive this. `is_online` says that tests are streams.
  RunImages(const Job& job, Workbench& bench, const Needs& needs, bool is_online)
      : job_(job), bench_(bench), needs_(needs), is_online_(is_online) {}

  /// The drawn ones, in the run's views or crops.
  ShownImages train();

  /// The features of those that the method validates on, in the centre crop.
  FeatureSet validation();

  /// Those of a test, in the centre crop and the random crops that the method asks for.
  ShownImages test(const JobTest& test);

  /// Those of a test on classes of the run's own dataset.
  ShownImages own_test(ClassSet classes);

  bool are_pixels() const { return needs_.pixels; }

 private:
  std::string planned(const char* part) const;
  void check_features(const char* part, const FeatureRequest& request);
  void add_test_views(ShownImages& images, const JobTest& test, const Split& split);
  ShownImages shown(const std::string& dataset, const std::vector<Image>& images,
                    const std::vector<int>& views);

  const Job& job_;
  Workbench& bench_;
  Needs needs_;
  bool is_online_;
};

}  // namespace promptbed
