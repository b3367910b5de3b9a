#include "results/run_spec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "results/sample_runs.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

TEST(RunSpec, CanonicalFormReadsBack) {
  RunSpec spec = test::sample_spec();
  spec.options["scale"] = 2.0;  // must not come back as an integer
  spec.recipe->groups.push_back({.prefix = "meta_net", .learning_rate = 0.1});
  const RunSpec read = RunSpec::parse(nlohmann::json::parse(spec.canonical().dump()));
  EXPECT_EQ(read.canonical(), spec.canonical());
  EXPECT_EQ(read.id(), spec.id());
  EXPECT_EQ(read.options, spec.options);
  EXPECT_EQ(read.recipe->groups.at(1).prefix, "meta_net");
}

TEST(RunSpec, WithoutTrainingHasNoRecipe) {
  const RunSpec spec = test::zero_shot_spec();
  EXPECT_TRUE(spec.canonical().at("recipe").is_null());
  EXPECT_FALSE(RunSpec::parse(spec.canonical()).recipe.has_value());
}

TEST(RunSpec, IdIsSixteenHexadecimalDigits) {
  const std::string id = test::sample_spec().id();
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, test::sample_spec().id());
}

TEST(RunSpec, IdFollowsEverySetting) {
  const RunSpec spec = test::sample_spec();
  std::vector<RunSpec> others(24, spec);
  others[0].model = "other";
  others[1].dataset = "other";
  others[2].split_hash = "other";
  others[3].prompt_template = "other {}";
  others[4].context_init = "other";
  others[5].classes = "all";
  others[6].shots = 8;
  others[7].seed = 2;
  others[8].method = "cocoop";
  others[9].method_version = 2;
  others[10].options["n_ctx"] = int64_t{16};
  others[11].recipe->epochs = 50;
  others[12].recipe->groups[0].learning_rate = 0.1;
  others[13].views = 0;
  others[14].precision = "bf16";
  others[15].draw = "other";
  others[16].images["test"] = "other";
  others[17].tokenizer = "other";
  others[18].crops.least = 0.7;
  others[19].base_version = 1;
  others[20].changes.noise = LabelNoise{NoiseKind::symmetric, 0.4};
  others[21].changes.imbalance = 10;
  others[22].validation = "training";
  others[23].descriptions = "other";
  std::set<std::string> ids = {spec.id()};
  for (const RunSpec& other : others) ids.insert(other.id());
  EXPECT_EQ(ids.size(), others.size() + 1);
}

TEST(RunSpec, RefusesOtherJson) {
  nlohmann::json lacking = test::sample_spec().canonical();
  lacking.erase("views");
  EXPECT_ERROR(RunSpec::parse(lacking), "views");
  nlohmann::json mistyped = test::sample_spec().canonical();
  mistyped["shots"] = "many";
  EXPECT_ERROR(RunSpec::parse(mistyped), "run spec: ");
}

TEST(RunSpec, ARecipeNamesItsOptimiserOnlyWhereItIsNotSgd) {
  RunSpec spec = test::sample_spec();
  EXPECT_FALSE(spec.canonical().at("recipe").contains("optimiser"));
  std::set<std::string> ids = {spec.id()};
  for (const auto& [kind, name] : {std::pair(OptimiserKind::adam, "adam"), {OptimiserKind::adamw, "adamw"}}) {
    spec.recipe->optimiser = kind;
    spec.recipe->epsilon = 1e-4;
    EXPECT_EQ(spec.canonical().at("recipe").at("optimiser").at("kind"), name);
    const RunSpec read = RunSpec::parse(spec.canonical());
    EXPECT_EQ(read.recipe->optimiser, kind);
    EXPECT_EQ(read.recipe->epsilon, 1e-4);
    ids.insert(spec.id());
  }
  EXPECT_EQ(ids.size(), 3);
}

TEST(RunSpec, ARecipeNamesItsPaceAndLastBatchOnlyWhereTheyAreNotTheFirstMethods) {
  RunSpec spec = test::sample_spec();
  EXPECT_FALSE(spec.canonical().at("recipe").contains("pace"));
  EXPECT_FALSE(spec.canonical().at("recipe").contains("keeps_last_batch"));
  spec.recipe->pace = RatePace::step;
  spec.recipe->keeps_last_batch = true;
  const RunSpec read = RunSpec::parse(spec.canonical());
  EXPECT_EQ(read.recipe->pace, RatePace::step);
  EXPECT_TRUE(read.recipe->keeps_last_batch);
  EXPECT_EQ(read.id(), spec.id());
}

TEST(RunSpec, ARecipeNamesABudgetOfStepsInTheEpochsPlaceAndAnEndRateOnlyWhereOneIsSet) {
  RunSpec spec = test::sample_spec();
  EXPECT_FALSE(spec.canonical().at("recipe").contains("iterations"));
  EXPECT_FALSE(spec.canonical().at("recipe").contains("end_learning_rate"));
  spec.recipe->iterations = 8000;
  spec.recipe->end_learning_rate = 1e-6;
  EXPECT_FALSE(spec.canonical().at("recipe").contains("epochs")) << "they follow from the images";
  const RunSpec read = RunSpec::parse(spec.canonical());
  EXPECT_EQ(read.recipe->iterations, 8000);
  EXPECT_EQ(read.recipe->end_learning_rate, 1e-6);
  EXPECT_EQ(read.id(), spec.id());
}

TEST(RunSpec, NamesImagesTokenizerAndBaseOnlyWhereTheyAreKnown) {
  RunSpec spec = test::sample_spec();
  EXPECT_FALSE(spec.canonical().contains("images")) << "ids of earlier runs stay what they are";
  EXPECT_FALSE(spec.canonical().contains("tokenizer"));
  EXPECT_FALSE(spec.canonical().contains("base_version"));
  EXPECT_EQ(spec.test_set(), spec.split_hash);
  spec.images = {{"test", "0123"}, {"train", "4567"}};
  spec.tokenizer = "89ab";
  spec.base_version = 3;
  const RunSpec read = RunSpec::parse(spec.canonical());
  EXPECT_EQ(read.images, spec.images);
  EXPECT_EQ(read.base_version, 3);
  EXPECT_EQ(read.tokenizer, "89ab");
  EXPECT_EQ(read.test_set(), "split of brands+0123");
}

TEST(RunSpec, WithoutSeedIsTheSameForAllSeedsAndNothingElse) {
  RunSpec first = test::sample_spec(), second = first;
  first.images = {{"full_val", "01"}, {"test", "23"}, {"train", "45"}, {"val", "67"}};
  first.draw = "89";
  second.seed = 2;
  second.images = {{"full_val", "01"}, {"test", "23"}, {"train", "ab"}, {"val", "cd"}};
  second.draw = "ef";
  EXPECT_EQ(first.without_seed(), second.without_seed());
  std::vector<RunSpec> others(4, second);
  others[0].draw = "";
  others[1].images["test"] = "24";
  others[2].images["full_val"] = "02";
  others[3].views = 1;
  for (const RunSpec& other : others) EXPECT_NE(first.without_seed(), other.without_seed());
}

TEST(RunSpec, NamesCropsOnlyWhereTheyAreNotCoOps) {
  RunSpec spec = test::sample_spec();
  EXPECT_FALSE(spec.canonical().contains("crops"));
  spec.crops = {.least = 0.7, .most = 1};
  EXPECT_EQ(spec.canonical().at("crops"), "0.7-1");
  EXPECT_EQ(RunSpec::parse(spec.canonical()).crops, spec.crops);
}

TEST(RunSpec, NamesADrawOnlyWhereTheUserGaveIt) {
  RunSpec spec = test::sample_spec();
  EXPECT_FALSE(spec.canonical().contains("draw"));
  spec.draw = "0123";
  EXPECT_EQ(RunSpec::parse(spec.canonical()).draw, "0123");
}

TEST(RunSpec, NamesChangesOfTheDrawAndDescriptionsOnlyWhereThereAreSome) {
  RunSpec spec = test::sample_spec();
  for (const char* name : {"label_noise", "imbalance", "validation", "descriptions"})
    EXPECT_FALSE(spec.canonical().contains(name)) << name;
  spec.changes = {.noise = LabelNoise{NoiseKind::asymmetric, 0.25}, .imbalance = 10};
  spec.validation = "training";
  spec.descriptions = "0123";
  EXPECT_EQ(spec.canonical().at("label_noise"), "asymmetric:0.25");
  EXPECT_EQ(spec.canonical().at("imbalance").dump(), "10") << "as it is typed";
  const RunSpec read = RunSpec::parse(nlohmann::json::parse(spec.canonical().dump()));
  EXPECT_EQ(read.changes, spec.changes);
  EXPECT_EQ(read.validation, "training");
  EXPECT_EQ(read.descriptions, "0123");
  EXPECT_EQ(read.id(), spec.id());
  spec.changes.imbalance = 2.5;
  EXPECT_EQ(RunSpec::parse(spec.canonical()).changes.imbalance, 2.5);
  nlohmann::json wrong = spec.canonical();
  wrong["label_noise"] = "much";
  EXPECT_ERROR(RunSpec::parse(wrong), "label_noise much: give symmetric or asymmetric");
}

}  // namespace
}  // namespace promptbed
