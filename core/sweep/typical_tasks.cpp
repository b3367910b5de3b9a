#include "sweep/typical_tasks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <promptbed/prompt_template.h>

#include <memory>

#include "base/installation.h"
#include "clip/model.h"
#include "clip/towers/text_transformer.h"
#include "data/draws/class_sets.h"
#include "data/layouts/split.h"
#include "data/suites/suite.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

constexpr const char* kEmbeddedSuite = "pocket";
constexpr int64_t kTypicalShots = 16;

constexpr size_t kTrainedClasses = 5, kOtherClasses = 3;
constexpr int64_t kMadeShots = 2, kViews = 2;
constexpr double kFeatureLength = 10;  // CLIP's image features are about as long
constexpr double kNoise = 0.5;         // of a length of 1
constexpr uint64_t kTrainSeed = 1, kValidationSeed = 2;

struct Embedded {
  Suite suite = read_suite(datasets_folder(), kEmbeddedSuite);
  ClipModel model = ClipModel::load(suite.model);
};

Setting setting_of(const Embedded& embedded) {
  const DatasetSpec& dataset = embedded.suite.datasets.front();
  const Split split = read_split(dataset, embedded.suite.data);
  Setting setting;
  setting.dataset = dataset.id;
  setting.shots = kTypicalShots;
  setting.class_names = class_names_of(split, ClassSet::base);
  setting.unseen_class_names = class_names_of(split, ClassSet::new_);
  setting.prompt_template = dataset.prompt_template;
  setting.context_init = dataset.context_init;
  setting.tokenizer = embedded.model.tokenizer();
  setting.context_length = embedded.model.context_length();
  return setting;
}

/// The images of each class, one class after another and again.
FeatureSet make_features(const Task& task, int64_t shots, int64_t views, uint64_t seed) {
  const auto classes = static_cast<int64_t>(task.class_names.size());
  const Tensor labels = at::arange(classes * shots, torch::kLong).remainder(classes);
  const Tensor centres = template_features(task, task.prompt_template, task.class_names);  // [K, D]
  const Tensor noise = normalised(
      at::randn({labels.size(0), views, task.feature_width}, seeded_generator(seed, "made features")));
  return {kFeatureLength * (centres.index_select(0, labels).unsqueeze(1) + kNoise * noise), labels};
}

Task make_task(Task task, ClassNames own, ClassNames unseen) {
  task.class_names = std::move(own);
  task.unseen_class_names = std::move(unseen);
  task.shots = kMadeShots;
  task.train = make_features(task, kMadeShots, kViews, kTrainSeed);
  task.validation = make_features(task, kMadeShots, 1, kValidationSeed);
  return task;
}

ClassNames first(ClassNames names, size_t count) {
  if (names.size() > count) names.resize(count);
  return names;
}

}  // namespace

Setting typical_setting() {
  return setting_of(Embedded());
}

CheckTasks typical_tasks() {
  const Embedded embedded;
  Task task;
  static_cast<Setting&>(task) = setting_of(embedded);
  task.text_encoder = std::make_shared<TextTransformer>(embedded.model.checkpoint(), Placement());
  task.logit_scale = embedded.model.logit_scale();
  task.feature_width = embedded.model.embedding_width();
  const ClassNames own = first(task.class_names, kTrainedClasses);
  const ClassNames unseen = first(task.unseen_class_names, kOtherClasses);
  return {make_task(task, own, unseen), make_task(task, unseen, own)};
}

}  // namespace promptbed
