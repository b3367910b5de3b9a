#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <string_view>

namespace promptbed {

/// Rows of one epoch, in the order in which they are trained on.
struct EpochRows {
  Tensor images;  ///< [N] int64, rows of the training set
  Tensor views;   ///< [N] int64, the view of each
};

/// `count` of the rows from `begin` on, with their labels and, if the set has any, their features, on the
/// device of the labels.
Batch take_rows(const FeatureSet& data, const EpochRows& rows, int64_t begin, int64_t count);

/// Decides the order and the views of each epoch from the run's seed alone.
class EpochOrder {
 public:
  virtual ~EpochOrder() = default;
  virtual EpochRows rows(int64_t epoch) = 0;

  /// All that the rows to come depend on; a tensor of bytes, and an empty one if they depend on nothing.
  virtual Tensor state() const;
  virtual void go_on_from(const Tensor& state);
};

/// A new permutation each epoch; image i shows view (epoch + offset(seed, i)) mod V, so that each epoch mixes
/// views and V epochs show each view once.
class ShuffledOrder final : public EpochOrder {
 public:
  ShuffledOrder(int64_t images, int64_t views, uint64_t seed);
  EpochRows rows(int64_t epoch) override;
  Tensor state() const override;
  void go_on_from(const Tensor& state) override;

 private:
  int64_t images_, views_;
  torch::Generator generator_;
  Tensor offsets_;  // [N]
};

/// The rows in their order, first view only.
class GivenOrder final : public EpochOrder {
 public:
  explicit GivenOrder(int64_t images) : images_(images) {}
  EpochRows rows(int64_t epoch) override;

 private:
  int64_t images_;
};

/// A CPU generator for one purpose of a run: the same seed and purpose give the same numbers, and generators
/// of different purposes are independent.
torch::Generator seeded_generator(uint64_t seed, std::string_view purpose);

}  // namespace promptbed
