#pragma once

#include <promptbed/tensor.h>

#include <cstdint>

namespace promptbed {

/// Gaussian discriminant analysis of K classes with means mu_k, one precision P and equal priors: the
/// log-posterior of f is, but for a term that all classes share,
///
///     w_k f + b_k,   w_k = P mu_k,   b_k = log(1/K) - mu_k P mu_k / 2
///
/// Estimated in f64 and held in f32.
struct Discriminant {
  Tensor weight;  ///< [K, D]
  Tensor bias;    ///< [K]

  /// [B, D] -> [B, K]
  Tensor operator()(const Tensor& features) const;
};

/// What is taken for the covariance of every class.
enum class Covariance {
  pooled,   ///< of all vectors around their classes' means, shrunk
  average,  ///< the mean of the classes' own
};

/// Of K classes with training vectors [N, D] of unit length and their labels [N]. Where no class's vectors
/// differ from one another there is no covariance to estimate, and the weights are 0.
Discriminant discriminant_of_seen(const Tensor& vectors, const Tensor& labels, int64_t classes,
                                  Covariance covariance);

/// Of K classes that are known by their text vectors [K, D] only. A class's mean is that of the training
/// vectors [N, D] nearest to its text vector (`neighbours` of them, or all N if those are fewer) and of
/// `copies` of the text vector itself; the precision is the mean of the classes' own, each from the spread of
/// the neighbours around the text vector.
Discriminant discriminant_of_new(const Tensor& texts, const Tensor& vectors, int64_t neighbours,
                                 int64_t copies);

}  // namespace promptbed
