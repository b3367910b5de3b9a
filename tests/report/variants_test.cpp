#include "report/select/variants.h"

#include <gtest/gtest.h>

#include "results/sample_runs.h"

namespace promptbed {
namespace {

using Labels = std::vector<std::string>;
using test::sample_spec;

Labels labels_of(const std::vector<RunSpec>& specs) {
  std::vector<const RunSpec*> pointers;
  for (const RunSpec& spec : specs) pointers.push_back(&spec);
  return variant_labels(pointers);
}

RunSpec with_context(RunSpec spec, int64_t n_ctx, const std::string& words) {
  spec.options["n_ctx"] = n_ctx;
  spec.options["ctx_init"] = words;
  return spec;
}

TEST(VariantLabels, AreEmptyWhereOnlySeedsAndDatasetsDiffer) {
  EXPECT_EQ(labels_of({sample_spec("brands", 1), sample_spec("brands", 2), sample_spec("office", 1)}),
            (Labels{"", "", ""}));
}

TEST(VariantLabels, NameAsFewSettingsAsTellTheVariantsApart) {
  // n_ctx and ctx_init both tell them apart; one is enough.
  EXPECT_EQ(labels_of({sample_spec(), with_context(sample_spec("office"), 16, "")}),
            (Labels{"n_ctx=4", "n_ctx=16"}));
  RunSpec sixteen = sample_spec("brands", 2);
  sixteen.options["n_ctx"] = int64_t{16};
  RunSpec exact = sample_spec();
  exact.precision = "bf16";
  EXPECT_EQ(labels_of({sample_spec(), sixteen}), (Labels{"n_ctx=4", "n_ctx=16"}));
  EXPECT_EQ(labels_of({sample_spec(), sixteen, exact}),
            (Labels{"n_ctx=4 precision=f32", "n_ctx=16 precision=f32", "n_ctx=4 precision=bf16"}));
}

TEST(VariantLabels, QuoteTextOfSeveralWordsOnly) {
  RunSpec unquoted = sample_spec(), quoted = sample_spec(), empty = sample_spec();
  unquoted.options["ctx_init"] = std::string("words");
  empty.options["ctx_init"] = std::string();
  EXPECT_EQ(labels_of({unquoted, quoted, empty}),
            (Labels{"ctx_init=words", "ctx_init=\"an icon of a\"", "ctx_init=\"\""}));
}

TEST(VariantLabels, NameChangesOfTheDraw) {
  RunSpec noisy = sample_spec(), unbalanced = sample_spec();
  noisy.changes.noise = LabelNoise{NoiseKind::symmetric, 0.4};
  unbalanced.changes.imbalance = 10;
  EXPECT_EQ(labels_of({sample_spec(), noisy}), (Labels{"label_noise=none", "label_noise=symmetric:0.4"}));
  EXPECT_EQ(labels_of({sample_spec(), unbalanced}), (Labels{"imbalance=none", "imbalance=10"}));
}

TEST(VariantLabels, NameCropsThatAreAsUsual) {
  RunSpec narrow = sample_spec();
  narrow.crops = {.least = 0.5, .most = 1};
  EXPECT_EQ(labels_of({sample_spec(), narrow}), (Labels{"crops=0.08-1", "crops=0.5-1"}));
}

TEST(VariantLabels, TellDescriptionsFromNoneAndNotFromEachOther) {
  RunSpec brands = sample_spec("brands"), office = sample_spec("office");
  brands.descriptions = "1234";
  office.descriptions = "5678";
  EXPECT_EQ(labels_of({brands, office}), (Labels{"", ""}));
  EXPECT_EQ(labels_of({brands, office, sample_spec("office")}),
            (Labels{"descriptions=given", "descriptions=given", "descriptions=none"}));
}

TEST(VariantLabels, LetValidationImagesFollowTheDataset) {
  RunSpec validated = sample_spec("imagenet");
  validated.validation = "training";
  EXPECT_EQ(labels_of({sample_spec("brands"), validated}), (Labels{"", ""}));
  EXPECT_EQ(labels_of({sample_spec("imagenet"), validated}),
            (Labels{"validation=none", "validation=training"}));
}

TEST(VariantLabels, SeparateRecipesOnOneDatasetOnly) {
  RunSpec short_training = sample_spec("imagenet");
  short_training.recipe->epochs = 50;
  EXPECT_EQ(labels_of({sample_spec("brands"), short_training}), (Labels{"", ""}));
  EXPECT_EQ(labels_of({sample_spec("imagenet"), short_training}), (Labels{"epochs=200", "epochs=50"}));
}

TEST(VariantLabels, LetRecipesFollowTheShots) {
  RunSpec one_shot = sample_spec("brands");
  one_shot.shots = 1;
  one_shot.recipe->epochs = 50;
  EXPECT_EQ(labels_of({sample_spec("brands"), one_shot}), (Labels{"", ""}));
}

TEST(VariantLabels, LetOptionsFollowTheDatasetsWords) {
  RunSpec satellite = with_context(sample_spec("eurosat"), 5, "a centered satellite photo of");
  satellite.context_init = "a centered satellite photo of";
  EXPECT_EQ(labels_of({sample_spec("brands"), satellite}), (Labels{"", ""}));
}

TEST(VariantLabels, SeparateTokenizersButNotImages) {
  RunSpec other = sample_spec("brands", 2);
  other.images["test"] = "0123";
  EXPECT_EQ(labels_of({sample_spec(), other}), (Labels{"", ""}));
  other.tokenizer = "89ab";
  EXPECT_EQ(labels_of({sample_spec(), other}), (Labels{"tokenizer=none", "tokenizer=89ab"}));
}

TEST(VariantLabels, SeparateMethodVersionsAndViews) {
  RunSpec newer = sample_spec();
  newer.method_version = 2;
  EXPECT_EQ(labels_of({sample_spec(), newer}), (Labels{"method_version=1", "method_version=2"}));
  newer.base_version = 1;
  RunSpec later = newer;
  later.base_version = 2;
  EXPECT_EQ(labels_of({newer, later}), (Labels{"base_version=1", "base_version=2"}));
  newer.options["base"] = std::string("coop");
  later.options["base"] = std::string("kgcoop");
  EXPECT_EQ(labels_of({newer, later}), (Labels{"base=coop", "base=kgcoop"}))
      << "a base's name tells more than its version";
  RunSpec centre = sample_spec();
  centre.views = 0;
  EXPECT_EQ(labels_of({centre, sample_spec()}), (Labels{"views=0", "views=10"}));
}

}  // namespace
}  // namespace promptbed
