#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "base/installation.h"
#include "clip/model.h"
#include "clip/towers/text_transformer.h"
#include "data/draws/class_sets.h"
#include "data/draws/few_shot.h"
#include "data/layouts/split.h"
#include "data/pictures/view.h"
#include "data/suites/suite.h"
#include "features/feature_cache.h"
#include "methods/method_registry.h"
#include "training/epoch_order.h"
#include "training/train.h"

namespace promptbed {
namespace {

/// One embedded dataset: its images' sealed features, and the same model's text tower in any precision.
class EmbeddedDataset {
 public:
  explicit EmbeddedDataset(const DatasetSpec& spec) : spec_(spec), split_(read_split(spec, suite().data)) {
    CacheKey key;
    key.model = model().fingerprint();
    key.preprocessing = model().preprocessing();
    key.dataset = spec.id;
    key.crops = spec.crops;
    key.width = model().embedding_width();
    cache_.emplace(sealed_path(suite().features, key), key);
  }

  static const Suite& suite() {
    static const Suite pocket = read_suite(datasets_folder(), "pocket");
    return pocket;
  }

  static const ClipModel& model() {
    static const ClipModel embedded = ClipModel::load(suite().model);
    return embedded;
  }

  /// Trained on the base classes' images, in the centre view.
  Task task(Precision precision) const {
    Task task;
    task.dataset = spec_.id;
    task.class_names = class_names_of(split_, ClassSet::base);
    task.prompt_template = spec_.prompt_template;
    task.context_init = spec_.context_init;
    task.tokenizer = model().tokenizer();
    task.context_length = model().context_length();
    task.train = features(subset(draw_few_shot(split_, 16, 1).train, split_, ClassSet::base));
    task.text_encoder =
        std::make_shared<TextTransformer>(model().checkpoint(), Placement{torch::kCPU, precision});
    task.logit_scale = model().logit_scale();
    task.feature_width = model().embedding_width();
    task.generator = at::make_generator<at::CPUGeneratorImpl>(1);
    return task;
  }

  FeatureSet test(ClassSet set) const { return features(subset(split_.test, split_, set)); }
  ClassNames new_classes() const { return class_names_of(split_, ClassSet::new_); }

 private:
  FeatureSet features(const std::vector<Image>& images) const {
    std::vector<std::string> paths;
    std::vector<int64_t> labels;
    for (const Image& image : images) {
      paths.push_back(image.path);
      labels.push_back(image.label);
    }
    const std::vector<int> centre = {kCentreView};
    return {cache_->read(paths, centre), torch::tensor(labels, torch::kLong)};
  }

  DatasetSpec spec_;
  Split split_;
  std::optional<FeatureCache> cache_;
};

/// Test images, and on how many of them the two precisions name the same class.
struct Agreement {
  int64_t images = 0, agreed = 0, clear_images = 0, clear_agreed = 0;

  /// Adds images of which both have logits [B, K]. Clear ones have two best f32 logits more than 0.1 apart.
  void add(const Tensor& exact, const Tensor& rough) {
    const Tensor same = exact.argmax(-1) == rough.argmax(-1);
    const Tensor best = std::get<0>(exact.topk(2, -1));
    const Tensor clear = (best.select(-1, 0) - best.select(-1, 1)) > 0.1;
    images += same.size(0);
    agreed += same.sum().item<int64_t>();
    clear_images += clear.sum().item<int64_t>();
    clear_agreed += (same & clear).sum().item<int64_t>();
  }
};

/// Trains in f32 and tests the same state in that and in a precision of 16 bits.
Agreement agreement(Precision precision, const std::string& method_name, const DatasetSpec& spec,
                    int64_t epochs, int64_t most_images) {
  const MethodRegistry registry(plugin_folders({}));
  const Method& method = registry.at(method_name);
  const EmbeddedDataset dataset(spec);
  const auto bound = [&](Precision chosen) {
    auto learner = registry.create(method, registry.options_of(method));
    const Task task = dataset.task(chosen);
    learner->resolve(task);
    learner->bind(task);
    return std::pair(std::move(learner), task);
  };
  const auto [exact, task] = bound(Precision::f32);
  Recipe recipe = exact->recipe(task);
  recipe.epochs = epochs;
  ShuffledOrder order(task.train.labels.size(0), 1, 1);
  train(*exact, task.train, recipe, order);
  const auto [rough, rough_task] = bound(precision);
  rough->load_state(exact->state());

  const at::NoGradGuard no_gradients;
  Agreement found;
  const auto test = [&](ClassSet set) {
    const Tensor images = dataset.test(set).features.select(1, 0);
    const int64_t count = std::min(most_images, images.size(0));
    const Batch batch{
        .features = images.narrow(0, 0, count), .labels = {}, .images = {}, .views = {}, .pixels = {}};
    found.add(exact->logits(batch), rough->logits(batch));
  };
  test(ClassSet::base);
  for (PromptLearner* learner : {exact.get(), rough.get()}) learner->retarget(dataset.new_classes());
  test(ClassSet::new_);
  return found;
}

void expect_agreement(const Agreement& found) {
  EXPECT_GT(found.clear_images, found.images / 2);
  EXPECT_GE(static_cast<double>(found.agreed), 0.97 * static_cast<double>(found.images));
  EXPECT_GE(static_cast<double>(found.clear_agreed), 0.99 * static_cast<double>(found.clear_images));
}

TEST(Bf16, NamesTheClassesThatF32NamesForCoOpOnTheWholeEmbeddedSuite) {
  Agreement all;
  for (const DatasetSpec& spec : EmbeddedDataset::suite().datasets) {
    const Agreement one = agreement(Precision::bf16, "coop", spec, 10, 100'000);
    all.images += one.images;
    all.agreed += one.agreed;
    all.clear_images += one.clear_images;
    all.clear_agreed += one.clear_agreed;
  }
  EXPECT_GT(all.images, 8000);
  expect_agreement(all);
  RecordProperty("agreed", std::to_string(all.agreed) + " of " + std::to_string(all.images));
}

TEST(Bf16, NamesTheClassesThatF32NamesForCoCoOp) {
  expect_agreement(agreement(Precision::bf16, "cocoop", EmbeddedDataset::suite().at("media"), 1, 200));
}

TEST(F16, NamesTheClassesThatF32Names) {
  const DatasetSpec& media = EmbeddedDataset::suite().at("media");
  expect_agreement(agreement(Precision::f16, "coop", media, 10, 100'000));
  expect_agreement(agreement(Precision::f16, "cocoop", media, 1, 200));
}

}  // namespace
}  // namespace promptbed
