#include "prompts/evaluation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace promptbed {
namespace {

/// Four images of three classes, one of them taken for another class, among so many more classes.
Evaluation small_evaluation(size_t more_classes = 0) {
  ClassNames names = {"cat", "dog", "tree"};
  for (size_t i = 0; i < more_classes; ++i) names.push_back("class " + std::to_string(i));
  TestImages tested{std::move(names),
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
        "2 test images of other classes were left out", "Most confused"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Evaluation, HasATop5AccuracyOfMoreThanFiveClasses) {
  const Evaluation six = small_evaluation(3);
  EXPECT_NE(six.as_text().find("top-5 100.00 %"), std::string::npos) << six.as_text();
  EXPECT_NE(six.as_text().find(" Top-5 "), std::string::npos) << six.as_text();
  EXPECT_EQ(six.as_json().at("top5"), 100.0);
  EXPECT_NE(six.as_csv().find("\nall,,4,3,75.00,100.00,"), std::string::npos) << six.as_csv();

  const Evaluation five = small_evaluation(2);
  EXPECT_EQ(five.as_text().find("op-5"), std::string::npos) << "nothing else is possible";
  EXPECT_TRUE(five.as_json().at("top5").is_null());
  EXPECT_TRUE(five.as_json().at("by_class").at(0).at("top5").is_null());
}

TEST(Evaluation, HasTheSameNumbersInJsonAndCsv) {
  const auto json = small_evaluation().as_json();
  EXPECT_EQ(json.at("accuracy"), 75.0);
  EXPECT_EQ(json.at("by_class").at(0).at("accuracy"), 50.0);
  EXPECT_EQ(json.at("confusions").at(0).at("class"), "cat");
  EXPECT_EQ(json.at("confusions").at(0).at("taken_for"), "dog");
  EXPECT_EQ(small_evaluation().as_csv().substr(0, 60),
            "scope,class,images,correct,accuracy,top5,f1\nall,,4,3,75.00,,");
}

TEST(Evaluation, HasNoNumberForAClassWithoutImages) {
  const Evaluation found = small_evaluation(4);
  EXPECT_NE(found.as_csv().find("\nclass,class 0,0,0,,,\n"), std::string::npos) << found.as_csv();
  const auto untested = found.as_json().at("by_class").at(3);
  for (const char* number : {"accuracy", "top5", "f1"}) EXPECT_TRUE(untested.at(number).is_null()) << number;
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
