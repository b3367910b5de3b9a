#pragma once

#include <promptbed/task.h>

namespace promptbed {

/// A linear classifier of K classes.
struct LinearClassifier {
  Tensor weight;  ///< [K, D]
  Tensor bias;    ///< [K]

  /// [B, D] -> [B, K]
  Tensor operator()(const Tensor& features) const;
};

/// Multinomial logistic regression with an L2 penalty that spares the intercepts, in scikit-learn's terms:
///
///     minimise over W and b   sum_n loss_n + |W|^2 / (2 C)
///
/// loss_n the cross-entropy of image n, averaged over its views. Solved by L-BFGS from zero, in f64, until
/// the gradient is negligible or for 1,000 iterations.
class LogisticRegression {
 public:
  LogisticRegression(const FeatureSet& train, int64_t classes);

  LinearClassifier solve(double c) const;

 private:
  Tensor features_;  // [N V, D]
  Tensor targets_;   // [N V, K], one-hot
  double images_;    // N
};

}  // namespace promptbed
