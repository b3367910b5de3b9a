#include "training/epoch_order.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "base/hash.h"

namespace promptbed {

torch::Generator seeded_generator(uint64_t seed, std::string_view purpose) {
  return at::detail::createCPUGenerator(Hasher().add(purpose).add(static_cast<int64_t>(seed)).low64());
}

Batch take_rows(const FeatureSet& data, const EpochRows& rows, int64_t begin, int64_t count) {
  Batch batch;
  const torch::Device device = data.labels.device();
  batch.images = rows.images.narrow(0, begin, count).to(device, /*non_blocking=*/true);
  batch.views = rows.views.narrow(0, begin, count).to(device, /*non_blocking=*/true);
  if (data.features.defined()) batch.features = data.features.index({batch.images, batch.views});
  batch.labels = data.labels.index_select(0, batch.images);
  return batch;
}

Tensor EpochOrder::state() const {
  return at::empty({0}, torch::kByte);
}

void EpochOrder::go_on_from(const Tensor&) {}

ShuffledOrder::ShuffledOrder(int64_t images, int64_t views, uint64_t seed)
    : images_(images),
      views_(views),
      generator_(seeded_generator(seed, "order")),
      offsets_(at::randint(views, {images}, seeded_generator(seed, "views"), torch::kLong)) {}

EpochRows ShuffledOrder::rows(int64_t epoch) {
  const Tensor images = at::randperm(images_, generator_, torch::kLong);
  return {images, (offsets_.index_select(0, images) + epoch).remainder(views_)};
}

Tensor ShuffledOrder::state() const {
  return generator_.get_state();
}

void ShuffledOrder::go_on_from(const Tensor& state) {
  generator_.set_state(state);
}

EpochRows GivenOrder::rows(int64_t) {
  return {at::arange(images_, torch::kLong), at::zeros({images_}, torch::kLong)};
}

}  // namespace promptbed
