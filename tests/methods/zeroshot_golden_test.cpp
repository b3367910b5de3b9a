#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/prompt_template.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "methods/method_registry.h"
#include "support/expect_error.h"
#include "support/golden_clip.h"
#include "support/relative_difference.h"

namespace promptbed {
namespace {

using test::GoldenClip;

/// Text features [K, D] that clip_zeroshot gives a dataset with this template of its own.
Tensor text_features(const std::string& templates, const std::string& dataset,
                     const std::string& own_template, const Descriptions& descriptions = {}) {
  const GoldenClip& clip = GoldenClip::instance();
  const MethodRegistry registry(plugin_folders({}));
  const Method& method = registry.at("clip_zeroshot");
  Task task;
  task.dataset = dataset;
  task.class_names = read_json(test::golden_folder() / "zeroshot/templates.json").at("classnames");
  task.prompt_template = own_template;
  task.descriptions = descriptions;
  task.tokenizer = clip.tokenizer;
  task.context_length = clip.model.context_length();
  task.text_encoder = clip.text_encoder;
  task.logit_scale = 1;
  task.device = test::golden_device();
  Options options = method.default_options();
  options.set("templates", OptionValue(templates));
  const auto learner = registry.create(method, options);
  learner->resolve(task);
  learner->bind(task);
  // Images along the axes have the text features' coordinates for logits.
  Batch axes;
  axes.features = at::eye(clip.model.embedding_width()).to(task.device);
  return learner->logits(axes).t();
}

Tensor golden(const std::string& name) {
  return read_safetensors(test::golden_folder() / "zeroshot/text_features.safetensors").tensors.at(name);
}

std::vector<std::string> templates(const std::string& name) {
  return read_json(test::golden_folder() / "zeroshot/templates.json").at(name);
}

TEST(GoldenZeroShot, OneTemplateGivesTheReferencesTextFeatures) {
  const Tensor features = text_features("dataset", "caltech101", templates("single").front());
  EXPECT_LT(test::relative_difference(features, golden("single")), 1e-5);
}

TEST(GoldenZeroShot, ImageNetsEnsembleGivesTheReferencesTextFeatures) {
  const Tensor features = text_features("ensemble", "imagenet", templates("single").front());
  EXPECT_LT(test::relative_difference(features, golden("ensemble")), 1e-5);
}

TEST(GoldenZeroShot, DescriptionsAreEnsembledAsTemplatesAre) {
  Descriptions described;
  const ClassNames names = read_json(test::golden_folder() / "zeroshot/templates.json").at("classnames");
  for (const std::string& name : names) {
    for (const std::string& text : templates("ensemble")) described[name].push_back(filled(text, name));
  }
  const std::string unread = templates("single").front();
  const Tensor features = text_features("dataset", "imagenet", unread, described);
  EXPECT_LT(test::relative_difference(features, golden("ensemble")), 1e-5);
  EXPECT_ERROR(text_features("ensemble", "imagenet", unread, described),
               "templates=ensemble: the classes are described by a file; leave one of the two out");
  described.erase(described.begin());
  EXPECT_ERROR(text_features("dataset", "imagenet", unread, described), "has no description; add one");
}

TEST(GoldenZeroShot, EnsembleWithTheDatasetsOwnTemplateGivesTheReferencesTextFeatures) {
  const Tensor features = text_features("ensemble", "oxford_pets", templates("ensemble_pets").back());
  EXPECT_LT(test::relative_difference(features, golden("ensemble_pets")), 1e-5);
}

}  // namespace
}  // namespace promptbed
