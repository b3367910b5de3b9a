#include "prompts/evaluation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace promptbed {
namespace {

/// Four images of three classes, one of them taken for another class.
Evaluation small_evaluation() {
  TestImages tested{{"cat", "dog", "tree"},
                    {{"a.png", 0, "cat"}, {"b.png", 0, "cat"}, {"c.png", 1, "dog"}, {"d.png", 2, "tree"}},
                    2};
  const std::vector<RankedGuess> guesses = {
      {{0, 1, 2}, 0.9}, {{1, 2, 0}, 0.5}, {{1, 0, 2}, 0.75}, {{2, 1, 0}, 0.625}};
  return {"coop on pets", "pets", "base classes", std::move(tested), guesses};
}

TEST(Evaluation, PrintsAccuraciesAndTheMostConfusedClasses) {
  const std::string text = small_evaluation().as_text();
  for (const char* part :
       {"coop on pets\non pets, base classes: 4 test images of 3 classes", "accuracy 75.00 %",
        "top-5 100.00 %", "2 test images of other classes were left out", "Most confused"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Evaluation, HasTheSameNumbersInJsonAndCsv) {
  const auto json = small_evaluation().as_json();
  EXPECT_EQ(json.at("accuracy"), 75.0);
  EXPECT_EQ(json.at("by_class").at(0).at("accuracy"), 50.0);
  EXPECT_EQ(json.at("confusions").at(0).at("class"), "cat");
  EXPECT_EQ(json.at("confusions").at(0).at("taken_for"), "dog");
  EXPECT_EQ(small_evaluation().as_csv().substr(0, 63),
            "scope,class,images,correct,accuracy,top5,f1\nall,,4,3,75.00,100.");
}

TEST(Evaluation, WritesALineForEachImageAndTheWholeConfusionMatrix) {
  EXPECT_NE(small_evaluation().predictions_csv("probability").find("\nb.png,cat,dog,0.500000,dog|tree|cat\n"),
            std::string::npos);
  EXPECT_EQ(small_evaluation().confusion_csv(), "class,cat,dog,tree\ncat,1,1,0\ndog,0,1,0\ntree,0,0,1\n");
}

TEST(Evaluation, TakesItsGuessesFromARanking) {
  const Ranking ranking{torch::tensor({2, 0, 1, 2}, torch::kLong).view({2, 2}),
                        torch::tensor({0.75F, 0.25F, 0.5F, 0.5F}).view({2, 2})};
  const std::vector<RankedGuess> guesses = guesses_of(ranking);
  ASSERT_EQ(guesses.size(), 2u);
  EXPECT_EQ(guesses[1].classes, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(guesses[0].probability, 0.75);
}

}  // namespace
}  // namespace promptbed
