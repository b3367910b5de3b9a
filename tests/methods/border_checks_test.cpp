#include "methods/guarded_learner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

namespace promptbed {
namespace {

TEST(BorderChecks, LogitsAreFiniteAndOfTheBatchAndTheClasses) {
  EXPECT_EQ(wrong_with_logits(at::zeros({4, 3}), 4, 3), "");
  EXPECT_EQ(wrong_with_logits(at::zeros({4, 3}), 4, std::nullopt), "");
  EXPECT_EQ(wrong_with_logits(Tensor(), 4, 3), "returned no tensor");
  for (const Tensor& wrong : {at::zeros({3, 4}), at::zeros({4, 2}), at::zeros({12}), at::zeros({1, 4, 3})}) {
    EXPECT_EQ(wrong_with_logits(wrong, 4, 3),
              "returned " + shape_of(wrong) + " and not [4, 3], a row per image and a column per class");
  }
  EXPECT_EQ(wrong_with_logits(at::zeros({4, 3}, torch::kLong), 4, 3),
            "returned whole numbers and not floating-point ones");
  Tensor spoilt = at::zeros({4, 3});
  spoilt[3][2] = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(wrong_with_logits(spoilt, 4, 3).starts_with("returned numbers that are not finite"));
}

TEST(BorderChecks, ALossIsOneNumber) {
  EXPECT_EQ(wrong_with_loss(at::ones({})), "");
  EXPECT_EQ(wrong_with_loss(at::ones({4})), "returned [4] and not one number; average the loss with mean()");
  EXPECT_EQ(wrong_with_loss(Tensor()), "returned no tensor");
}

TEST(BorderChecks, TrainableTensorsAreNamedLeaves) {
  const Tensor leaf = at::ones({2}).requires_grad_();
  EXPECT_EQ(wrong_with_trainable({}), "");
  EXPECT_EQ(wrong_with_trainable({{"a", leaf}, {"b", leaf}}), "");
  EXPECT_EQ(wrong_with_trainable({{"a", leaf}, {"a", leaf}}), "returned two tensors with the name a");
  EXPECT_EQ(wrong_with_trainable({{"", leaf}}), "returned a tensor without a name");
  EXPECT_EQ(wrong_with_trainable({{"a", Tensor()}}), "returned no tensor for the name a");
  EXPECT_EQ(wrong_with_trainable({{"a", at::ones({2})}}),
            "returned a which requires no gradient; call requires_grad_() in bind()");
  EXPECT_TRUE(wrong_with_trainable({{"a", leaf * 2}}).starts_with("returned a which is no leaf"));
  EXPECT_EQ(wrong_with_trainable({{"a", at::ones({2}, torch::kLong)}}),
            "returned a which holds whole numbers");
  EXPECT_EQ(wrong_with_trainable({{"a", at::ones({2}, torch::kComplexFloat)}}),
            "returned a which holds complex numbers");
  EXPECT_EQ(wrong_with_trainable({{"a", at::ones({1}).expand({2}).requires_grad_()}}),
            "returned a whose numbers share memory, as expand() makes them; clone() it");
  EXPECT_EQ(wrong_with_trainable({{"a\xff", leaf}}),
            "returned a tensor with the name a\\xff, which a file cannot have");
}

TEST(BorderChecks, AStatesTensorsCanBeWritten) {
  EXPECT_EQ(wrong_with_state({{"a", at::ones({2}, torch::kBool)}, {"b", at::ones({2}, torch::kLong)}}), "");
  EXPECT_EQ(wrong_with_state({{"a", at::ones({2}, torch::kComplexDouble)}}),
            "returned a of the type ComplexDouble, which a file cannot have");
  EXPECT_EQ(wrong_with_state({{"__metadata__", at::ones({2})}}),
            "returned a tensor with the name __metadata__, which a file cannot have");
}

TEST(BorderChecks, OptionsComeBackAsTheyWereDeclared) {
  const OptionSpec specs[] = {{"depth", OptionType::integer, "1", ""}, {"name", OptionType::text, "x", ""}};
  const Options declared(specs);
  EXPECT_EQ(wrong_with(declared, declared), "");
  EXPECT_EQ(wrong_with(Options(std::span(specs, 1)), declared),
            "left out the option name; return the options that the method was made with");
  EXPECT_EQ(wrong_with(declared, Options(std::span(specs, 1))), "returned options that are not declared");
  const OptionSpec retyped[] = {{"depth", OptionType::real, "1", ""}, specs[1]};
  EXPECT_EQ(wrong_with(Options(retyped), declared), "gave the option depth a value of another type");
}

TEST(BorderChecks, ARecipeCanBeTrainedBy) {
  EXPECT_EQ(wrong_with(Recipe()), "");
  Recipe recipe;
  recipe.epochs = 0;
  EXPECT_EQ(wrong_with(recipe), "asks for 0 epochs, and it takes one");
  recipe.epochs = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(wrong_with(recipe), "asks for 9223372036854775807 epochs, and 1000000000 are the most");
  recipe = {.groups = {{.prefix = "ctx", .learning_rate = 1e300}}};
  EXPECT_EQ(wrong_with(recipe),
            "has 1e+300 in the optimiser group \"ctx\", where a number from 0 to 3.4e38 belongs");
  recipe = {.iterations = -5};
  EXPECT_EQ(wrong_with(recipe), "asks for -5 iterations");
  recipe = {.end_learning_rate = -1};
  EXPECT_EQ(wrong_with(recipe), "asks for an end learning rate of -1");
  recipe = {.batch_size = -1};
  EXPECT_EQ(wrong_with(recipe), "asks for batches of -1 images");
  recipe = {.groups = {}};
  EXPECT_EQ(wrong_with(recipe), "has no optimiser group; add one with the prefix \"\"");
  recipe = {.groups = {{.prefix = "ctx", .learning_rate = std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_EQ(wrong_with(recipe),
            "has nan in the optimiser group \"ctx\", where a number from 0 to 3.4e38 belongs");
}

}  // namespace
}  // namespace promptbed
