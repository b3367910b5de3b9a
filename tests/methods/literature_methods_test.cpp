#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::LiteratureMethod;

TEST_F(LiteratureMethod, KgCoOpAddsEightTimesTheMeanDistance) {
  for (const char* distance : {"cosine", "squared"}) {
    const auto learner = make_shifted("kgcoop", {{"distance", distance}});
    const Tensor context = copy_of_context(*learner);
    const Tensor classes = learned_features(context);
    const Tensor apart = std::string(distance) == "cosine"
                             ? 1 - (classes * hand_written_features()).sum(-1)
                             : (classes - hand_written_features()).square().sum(-1);
    const Tensor expected = entropy(classes) + 8 * apart.mean();
    EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4) << distance;
    EXPECT_TRUE(
        at::allclose(learner->trainable().at(0).second.grad(), gradient(expected, context), 1e-4, 1e-5))
        << distance;
  }
}

TEST_F(LiteratureMethod, KgCoOpTakesTheAuthorsDistanceUnlessAskedForThePapers) {
  EXPECT_EQ(registry_.options_of(registry_.at("kgcoop")).text("distance"), "cosine");
  EXPECT_ERROR(make("kgcoop", {{"distance", "long"}}),
               "kgcoop: no distance \"long\"; known: cosine, squared");
}

TEST_F(LiteratureMethod, KgCoOpStartsFromTheSameWordsOnEveryDataset) {
  task_.context_init = "an icon";
  const auto learner = make("kgcoop");
  EXPECT_TRUE(at::equal(learner->trainable().at(0).second,
                        task_.text_encoder->embed(task_.tokenizer->encode("a photo of a"))));
}

TEST_F(LiteratureMethod, KgCoOpWithoutWeightIsCoOp) {
  const auto learner = make_shifted("kgcoop", {{"weight", "0"}}), coop = make_shifted("coop");
  EXPECT_TRUE(at::allclose(learner->loss(batch_), coop->loss(batch_)));
}

TEST_F(LiteratureMethod, KgCoOpTrainsAsItsPaperDoes) {
  const Recipe recipe = make("kgcoop")->recipe(task_);
  EXPECT_EQ(recipe.epochs, 100);
  EXPECT_EQ(recipe.batch_size, 128);
  EXPECT_EQ(recipe.groups.at(0).learning_rate, 0.002);
}

TEST_F(LiteratureMethod, ProGradStartsFromZerosAndTheTemplatesWords) {
  const Tensor context = make("prograd")->trainable().at(0).second;
  ASSERT_EQ(context.sizes(), (at::IntArrayRef{16, 6}));
  EXPECT_EQ(context.narrow(0, 0, 14).count_nonzero().item<int64_t>(), 0);
  EXPECT_TRUE(at::equal(context.narrow(0, 14, 2), embed({2, 7}))) << "an animal,";
}

TEST_F(LiteratureMethod, ProGradTakesTheAuthorsTemplatesWhereTheyDifferFromTheDatasets) {
  const Method& method = registry_.at("prograd");
  const auto settled = [&](const std::string& dataset, const OptionValues& values = {}) {
    task_.dataset = dataset;
    return registry_.create(method, registry_.options_of(method, values))->resolve(task_);
  };
  EXPECT_EQ(settled("oxford_pets").text("template"), "a type of pet, a photo of a {}.");
  EXPECT_EQ(settled("oxford_flowers").text("template"), "a type of flower, a photo of a {}.");
  EXPECT_EQ(settled("fgvc_aircraft").text("template"), "a type of aircraft, a photo of a {}.");
  EXPECT_EQ(settled("food101").text("template"), "a type of food, a photo of {}.");
  EXPECT_EQ(settled("dtd").text("template"), "a texture of {}.");
  EXPECT_EQ(settled("dtd").text("ctx_init"), "a texture of");
  EXPECT_EQ(settled("zoo").text("template"), "an animal, {}.");
  EXPECT_EQ(settled("dtd", {{"template", "{} texture."}}).text("template"), "{} texture.");
  EXPECT_ERROR(settled("dtd", {{"template", "texture"}}),
               "prograd: template \"texture\" of dtd has no place");
}

TEST_F(LiteratureMethod, ProGradKeepsTokensBeyondTheNumberOfWordsAsTheyAre) {
  const auto learner = make("prograd", {{"n_ctx", "3"}, {"ctx_init", "an. animal"}});
  const Tensor context = copy_of_context(*learner);
  EXPECT_TRUE(at::equal(context.detach(), at::cat({at::zeros({1, 6}), embed({2, 0})})));
  EXPECT_TRUE(at::allclose(
      learner->logits(batch_),
      10 * normalised(batch_.features).matmul(learned_features(at::cat({context, embed({6})})).t()), 1e-4,
      1e-4))
      << "the second word stays between the context and the class name";
}

TEST_F(LiteratureMethod, ProGradRefusesFewerTokensThanWords) {
  EXPECT_ERROR(make("prograd", {{"n_ctx", "1"}, {"ctx_init", "an animal"}}),
               "prograd: ctx_init \"an animal\" has 2 words and n_ctx is 1; give at least as many tokens");
}

TEST_F(LiteratureMethod, ProGradIsTrainedByShotsInFewShot) {
  const auto epochs = [&](Protocol protocol, int64_t shots) {
    task_.protocol = protocol;
    task_.shots = shots;
    return make("prograd")->recipe(task_).epochs;
  };
  EXPECT_EQ(epochs(Protocol::base_new, 16), 100);
  EXPECT_EQ(epochs(Protocol::few_shot, 1), 50);
  EXPECT_EQ(epochs(Protocol::few_shot, 4), 100);
  EXPECT_EQ(epochs(Protocol::few_shot, 16), 200);
}

TEST_F(LiteratureMethod, ProGradTakesAwayWhatGoesAgainstTheZeroShotPredictions) {
  int conflicts = 0, agreements = 0;
  for (const std::vector<int64_t>& labels :
       {std::vector<int64_t>{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {0, 2, 1, 1}}) {
    batch_.labels = torch::tensor(labels, torch::kLong);
    const auto learner = make_shifted("prograd", {{"n_ctx", "4"}, {"ctx_init", "a photo of a"}});
    const Tensor context = copy_of_context(*learner);
    const Tensor own = gradient(entropy(learned_features(context)), context);
    const Tensor general = gradient(
        -(log_predictions(hand_written_features()).exp() * log_predictions(learned_features(context)))
             .sum(-1)
             .mean(),
        context);
    EXPECT_NEAR(learner->backward(batch_).item<double>(), entropy(learned_features(context)).item<double>(),
                1e-4);
    const Tensor aligned = learner->trainable().at(0).second.grad();
    if ((own * general).sum().item<double>() >= 0) {
      ++agreements;
      EXPECT_TRUE(at::allclose(aligned, own, 1e-4, 1e-5));
    } else {
      ++conflicts;
      const Tensor direction = general / general.norm();
      EXPECT_TRUE(at::allclose(aligned, own - (own * direction).sum() * direction, 1e-4, 1e-5));
      EXPECT_NEAR((aligned * direction).sum().item<double>(), 0, 1e-5);
    }
  }
  EXPECT_GT(conflicts, 0);
  EXPECT_GT(agreements, 0);
}

TEST_F(LiteratureMethod, ClipAdapterBlendsABottleneckIntoTheImageFeature) {
  const auto learner = make_shifted("clip_adapter");
  const NamedTensors weights = learner->trainable();
  ASSERT_EQ(weights.at(0).second.sizes(), (at::IntArrayRef{1, 5}));
  ASSERT_EQ(weights.at(1).second.sizes(), (at::IntArrayRef{5, 1}));
  const Tensor first = weights.at(0).second.detach().clone().requires_grad_();
  const Tensor second = weights.at(1).second.detach();
  const Tensor hidden = batch_.features.matmul(first.t()).clamp_min(0);
  const Tensor images = 0.2 * hidden.matmul(second.t()).clamp_min(0) + 0.8 * batch_.features;
  const Tensor logits = 10 * normalised(images).matmul(hand_written_features().t());
  EXPECT_TRUE(at::allclose(learner->logits(batch_), logits, 1e-4, 1e-5));
  const Tensor expected = -logits.log_softmax(-1).gather(1, batch_.labels.unsqueeze(1)).mean();
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(weights.at(0).second.grad(), gradient(expected, first), 1e-4, 1e-5));
}

TEST_F(LiteratureMethod, ATPromptPutsAttributeWordsAmongTheLearnedVectors) {
  const auto learner = make_shifted("atprompt");
  const Tensor context = copy_of_context(*learner);
  ASSERT_EQ(context.sizes(), (at::IntArrayRef{6, 6}));
  const Tensor color = embed({5}), shape = embed({5});
  const Tensor prompt =
      at::cat({context.narrow(0, 0, 2), color, context.narrow(0, 2, 2), shape, context.narrow(0, 4, 2)});
  const Tensor expected = entropy(learned_features(prompt));
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(
      at::allclose(learner->trainable().at(0).second.grad(), gradient(expected, context), 1e-4, 1e-5));
}

TEST_F(LiteratureMethod, ATPromptRecordsTheAttributesOfADataset) {
  const Method& method = registry_.at("atprompt");
  const auto settled = [&](const OptionValues& values) {
    return registry_.create(method, registry_.options_of(method, values))->resolve(task_);
  };
  EXPECT_EQ(settled({}).text("attributes"), "color shape");
  EXPECT_EQ(settled({}).integer("n_ctx"), 2);
  EXPECT_EQ(settled({{"attributes", "size"}}).text("attributes"), "size");
  task_.dataset = "oxford_flowers";
  EXPECT_EQ(settled({}).text("attributes"), "color habitat growth");
  task_.protocol = Protocol::cross_dataset;
  EXPECT_EQ(settled({}).integer("n_ctx"), 4);
  EXPECT_ERROR(settled({{"n_ctx", int64_t{-1}}}), "atprompt: n_ctx -1: give a number above 0, or 0");
}

TEST_F(LiteratureMethod, AllServeOtherClasses) {
  for (const char* name : {"kgcoop", "prograd", "atprompt", "clip_adapter"}) {
    const auto learner = make(name);
    learner->retarget(task_.new_class_names);
    EXPECT_EQ(learner->logits(batch_).sizes(), (at::IntArrayRef{4, 2})) << name;
  }
}

}  // namespace
}  // namespace promptbed
