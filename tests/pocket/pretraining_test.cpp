#include "pretraining.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/files.h"
#include "clip/model.h"
#include "drawn_pairs.h"
#include "small_architecture.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed::pocket {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPairs = 32;

/// Four shapes (a half of the square is black) under four names, eight of each.
std::vector<DrawnPair> halves() {
  constexpr const char* kNames[] = {"top", "bottom", "left", "right"};
  constexpr int64_t kSide = PairSet::kSide;
  std::vector<DrawnPair> pairs;
  for (int64_t i = 0; i < kPairs; ++i) {
    const int64_t dimension = i % 4 / 2, begin = i % 2 * kSide / 2;
    const Tensor alpha = at::zeros({kSide, kSide}, torch::kUInt8);
    alpha.narrow(dimension, begin, kSide / 2).fill_(255);
    pairs.push_back({kNames[i % 4], alpha});
  }
  return pairs;
}

PretrainingRecipe small_recipe() {
  PretrainingRecipe recipe;
  recipe.architecture = small_architecture();
  recipe.merges = 50;
  recipe.batch = 16;
  recipe.passes = 20;
  recipe.warm_up = 5;
  return recipe;
}

PretrainingJob job_in(const test::ScratchFolder& folder, const char* model) {
  write_pairs(folder / "pairs", halves());
  return {folder / "pairs", folder / model, {}, 2};
}

/// A column of the loss curve.
std::vector<double> column(const fs::path& curve, int number) {
  std::ifstream in(curve);
  std::vector<double> found;
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "step,learning_rate,loss,accuracy,scale,pairs_per_second,own_names,unseen_names");
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (int n = 0; n <= number; ++n) std::getline(cells, cell, ',');
    found.push_back(std::stod(cell));
  }
  return found;
}

TEST(Pretraining, WritesAModelThatHasLearned) {
  const test::ScratchFolder folder;
  const PretrainingJob job = job_in(folder, "model");
  pretrain(small_recipe(), job);
  const fs::path curve = job.output / "training" / "curve.csv";
  EXPECT_EQ(column(curve, 0), (std::vector<double>{20, 40}));
  const std::vector<double> losses = column(curve, 2);
  EXPECT_LT(losses.back(), losses.front());
  EXPECT_EQ(ClipModel::load(job.output).embedding_width(), 16);
}

TEST(Pretraining, EndsWithTheSameBitsWhereverItWasTakenUp) {
  const test::ScratchFolder folder;
  const PretrainingJob straight = job_in(folder, "straight"), taken_up = job_in(folder, "taken_up");
  pretrain(small_recipe(), straight);
  pretrain(small_recipe(), taken_up, /*most_steps=*/13);
  EXPECT_FALSE(fs::exists(taken_up.output / "model.safetensors"));
  pretrain(small_recipe(), taken_up);
  EXPECT_EQ(read_file(straight.output / "model.safetensors"),
            read_file(taken_up.output / "model.safetensors"));
}

/// The small recipe, 40 steps of which the last 8 decay, with another number of passes.
PretrainingRecipe recipe_of(double passes) {
  PretrainingRecipe recipe = small_recipe();
  recipe.passes = passes;
  return recipe;
}

TEST(Pretraining, GoesOnFromBeforeTheDecayWithMorePasses) {
  const test::ScratchFolder folder;
  const PretrainingJob straight = job_in(folder, "straight"), prolonged = job_in(folder, "prolonged");
  pretrain(recipe_of(20), straight);
  pretrain(recipe_of(10), prolonged);
  EXPECT_NE(read_file(straight.output / "model.safetensors"),
            read_file(prolonged.output / "model.safetensors"));
  pretrain(recipe_of(20), prolonged);
  EXPECT_EQ(read_file(straight.output / "model.safetensors"),
            read_file(prolonged.output / "model.safetensors"));
}

TEST(Pretraining, GoesOnWithADecay) {
  const test::ScratchFolder folder;
  const PretrainingJob straight = job_in(folder, "straight"), taken_up = job_in(folder, "taken_up");
  pretrain(small_recipe(), straight);
  pretrain(small_recipe(), taken_up, /*most_steps=*/35);
  pretrain(small_recipe(), taken_up);
  EXPECT_EQ(column(taken_up.output / "training" / "curve.csv", 0).size(), 1) << "it went on from step 35";
  EXPECT_EQ(read_file(straight.output / "model.safetensors"),
            read_file(taken_up.output / "model.safetensors"));
}

TEST(Pretraining, RefusesPassesThatWouldHaveDecayedBeforeItsState) {
  const test::ScratchFolder folder;
  const PretrainingJob job = job_in(folder, "model");
  pretrain(recipe_of(20), job);
  EXPECT_ERROR(
      pretrain(recipe_of(10), job),
      "state.pt: is at step 32, and so few passes decay from step 16 on; give --passes 19.8 or more");
}

TEST(Pretraining, MeasuresHeldOutDrawingsTwiceAPass) {
  const test::ScratchFolder folder;
  const PretrainingJob job = job_in(folder, "model");
  write_pairs(job.pairs, dotted_pairs("common", 60, 8));
  pretrain(recipe_of(1), job);
  std::ifstream in(job.output / "training" / "curve.csv");
  int64_t measured = 0;
  for (std::string line; std::getline(in, line);) measured += line.ends_with(",,") ? 0 : 1;
  EXPECT_EQ(measured, 1 + 2) << "the header and two lines";
}

TEST(Pretraining, DropsWhatAKilledTrainingWroteToTheCurveAfterItsState) {
  const test::ScratchFolder folder;
  const PretrainingJob job = job_in(folder, "model");
  pretrain(small_recipe(), job, /*most_steps=*/20);
  const fs::path curve = job.output / "training" / "curve.csv";
  write_file(curve, read_file(curve) + "40,0.001,1,1,1,1,,\n");
  pretrain(small_recipe(), job, /*most_steps=*/19);
  EXPECT_EQ(column(curve, 0), (std::vector<double>{20}));
}

TEST(Pretraining, RefusesAStateOfAnotherRecipe) {
  const test::ScratchFolder folder;
  const PretrainingJob job = job_in(folder, "model");
  pretrain(small_recipe(), job, /*most_steps=*/2);
  const auto expect_refused = [&](const auto& change) {
    PretrainingRecipe recipe = small_recipe();
    change(recipe);
    EXPECT_ERROR(pretrain(recipe, job), "state.pt: is of another recipe or of other pairs; give what");
  };
  expect_refused([](PretrainingRecipe& recipe) { recipe.decay = 0.3; });
  expect_refused([](PretrainingRecipe& recipe) { recipe.seed = 2; });
  expect_refused([](PretrainingRecipe& recipe) { recipe.learning_rate = 2e-3; });
  expect_refused([](PretrainingRecipe& recipe) { recipe.architecture.vision_layers = 1; });
  PretrainingJob in_bf16 = job;
  in_bf16.precision = Precision::bf16;
  EXPECT_ERROR(pretrain(small_recipe(), in_bf16), "is of another recipe");
}

TEST(Pretraining, RefusesAStateOfOtherPairsAndADamagedOne) {
  const test::ScratchFolder folder;
  const PretrainingJob job = job_in(folder, "model");
  pretrain(small_recipe(), job, /*most_steps=*/1);
  const std::string pairs = read_file(job.pairs / "pairs.jsonl");
  write_file(job.pairs / "pairs.jsonl", pairs + pairs);
  EXPECT_ERROR(pretrain(small_recipe(), job), "of other pairs");
  write_file(job.pairs / "pairs.jsonl", pairs);
  write_file(job.output / "training" / "state.pt", "no state");
  EXPECT_ERROR(pretrain(small_recipe(), job), "state.pt: is damaged; delete it");
}

TEST(Pretraining, NamesWhatIsWrongWithThePairs) {
  const test::ScratchFolder folder;
  PretrainingJob job = job_in(folder, "model");
  PretrainingRecipe recipe = small_recipe();
  recipe.batch = 64;
  EXPECT_ERROR(pretrain(recipe, job), "32 pairs are fewer than a batch of 64");
  write_file(folder / "pairs" / "pictures.bin", "short");
  EXPECT_ERROR(pretrain(small_recipe(), job), "lies outside pictures.bin");
  job.pairs = folder / "nowhere";
  EXPECT_ERROR(pretrain(small_recipe(), job), "pictures.bin: is missing or empty");
}

}  // namespace
}  // namespace promptbed::pocket
