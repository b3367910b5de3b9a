#include "batches.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <cmath>
#include <random>
#include <unordered_map>

#include "augmentation.h"
#include "captions.h"
#include "training/epoch_order.h"

namespace promptbed::pocket {
namespace {

// Between two pixels of a patch, in units of the normalised pixels: less is one colour.
constexpr double kLeastContrast = 0.1;

/// The random numbers of a pair in a step.
std::mt19937_64 random_of(uint64_t seed, int64_t step, int64_t row) {
  std::seed_seq words = {static_cast<uint32_t>(seed), static_cast<uint32_t>(step),
                         static_cast<uint32_t>(row)};
  return std::mt19937_64(words);
}

/// A number for each distinct name.
std::vector<int64_t> number_names(const PairSet& pairs) {
  std::unordered_map<std::string, int64_t> known;
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < pairs.size(); ++i)
    numbers.push_back(known.try_emplace(pairs[i].name, static_cast<int64_t>(known.size())).first->second);
  return numbers;
}

}  // namespace

Batches::Batches(const PretrainingRecipe& recipe, const Schedule& schedule,
                 const Preprocessing& preprocessing, const PairSet& pairs, const Tokenizer& tokenizer)
    : recipe_(recipe),
      schedule_(schedule),
      preprocessing_(preprocessing),
      pairs_(pairs),
      tokenizer_(tokenizer),
      names_(number_names(pairs)) {
  if (pairs.size() < recipe.batch) {
    throw Error(
        fmt::format("{} pairs are fewer than a batch of {}; make more of them", pairs.size(), recipe.batch));
  }
}

Batch Batches::make(int64_t step) {
  const int64_t pass = step / schedule_.steps_per_pass(), within = step % schedule_.steps_per_pass();
  const Tensor rows = order_of(pass).narrow(0, within * recipe_.batch, recipe_.batch);
  Batch batch;
  std::vector<Tensor> pictures;
  for (int64_t row = 0; row < recipe_.batch; ++row) {
    const auto index = rows[row].item<int64_t>();
    std::mt19937_64 random = random_of(recipe_.seed, step, row);
    pictures.push_back(draw_rendering(pairs_.picture(index), preprocessing_.size, random));
    batch.input.captions.push_back(
        caption_tokens(tokenizer_, draw_caption(pairs_[index], random), recipe_.architecture.context_length));
    batch.names.push_back(names_[static_cast<size_t>(index)]);
  }
  batch.input.pixels = as_pixels(pictures, preprocessing_);
  if (!schedule_.sees_all_patches(step)) batch.input.patches = draw_patches(batch.input.pixels, step);
  return batch;
}

const Tensor& Batches::order_of(int64_t pass) {
  if (pass != pass_) {
    pass_ = pass;
    order_ = at::randperm(pairs_.size(), seeded_generator(recipe_.seed, fmt::format("pass {}", pass)),
                          torch::kLong);
  }
  return order_;
}

Tensor Batches::draw_patches(const Tensor& pixels, int64_t step) const {
  const int64_t patch = recipe_.architecture.patch, grid = recipe_.architecture.resolution / patch;
  const auto seen =
      static_cast<int64_t>(std::lround(recipe_.seen_patches * static_cast<double>(grid * grid)));
  if (seen >= grid * grid) return {};
  const Tensor noise =
      at::rand({recipe_.batch, grid * grid}, seeded_generator(recipe_.seed, fmt::format("patches {}", step)),
               torch::kFloat);
  // Icons are mostly ground: patches of one colour are left out first.
  const Tensor cut = pixels.reshape({recipe_.batch, 3, grid, patch, grid, patch}).permute({0, 2, 4, 1, 3, 5});
  const Tensor drawn = (cut.amax({4, 5}) - cut.amin({4, 5})).amax(3).gt(kLeastContrast).flatten(1);
  const Tensor order = (noise + drawn).argsort(int64_t{1}, /*descending=*/true);
  return std::get<0>(order.narrow(1, 0, seen).sort(1));
}

}  // namespace promptbed::pocket
