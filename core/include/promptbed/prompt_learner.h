#pragma once

#include <promptbed/error.h>
#include <promptbed/options.h>
#include <promptbed/recipe.h>
#include <promptbed/task.h>
#include <promptbed/tensor.h>

namespace promptbed {

/// What a method asks the host for beyond training features.
struct Needs {
  bool validation_features = false;
  bool gradients_at_evaluation = false;
  bool views_at_test = false;
  bool pixels = false;
};

/// A prompt-learning method: one instance per run.
///
/// The host calls, in this order:
///
///     resolve(setting) -> recipe(setting) -> bind(task) -> fit(...) or the loop over backward(batch)
///       -> state() -> logits(batch) on the trained classes -> retarget(names) -> logits(batch) on the others
///
/// A method implements bind, logits and retarget, and what else it does differently.
class PromptLearner {
 public:
  virtual ~PromptLearner() = default;

  virtual Needs needs() const { return {}; }

  /// Settles the options that depend on the dataset. The result enters the RunSpec; settling it again must
  /// not change it. Throws PromptTooLong where a class's prompt does not fit, which fails the run, and any
  /// other Error where the options are wrong or contradict each other, which stops the sweep before any work.
  virtual Options resolve(const Setting& setting) = 0;

  /// Epochs, batch, optimiser groups and schedule: the paper's, unless the user overrides them. Not asked of
  /// a method with a solver of its own.
  virtual Recipe recipe(const Setting&) const { return {}; }

  /// Takes the task and initialises the trainable tensors from its generator.
  virtual void bind(const Task& task) = 0;

  /// Scaled similarities [B, K] of the rows with the classes.
  virtual Tensor logits(const Batch& batch) = 0;

  /// Scalar to be minimised; the cross-entropy of the logits unless overridden.
  virtual Tensor loss(const Batch& batch);

  /// Accumulates the gradients of the loss and returns it, detached. A method with two gradients overrides
  /// it.
  virtual Tensor backward(const Batch& batch);

  /// Trains in closed form or with a solver of its own, as Training::own_solver says; false leaves the
  /// training to the host's loop. The validation set is empty where the dataset has none.
  virtual bool fit(const FeatureSet& train, const FeatureSet& validation);

  /// Called after each epoch of the host's loop, counted from 0.
  virtual void epoch_end(int64_t epoch, int64_t epochs);

  /// What the optimiser moves: leaves that require gradients. Empty for a method without training.
  virtual NamedTensors trainable() { return {}; }

  /// What a trained prompt saves.
  virtual NamedTensors state() { return trainable(); }

  /// Puts a saved state back after bind(). Throws Error where a tensor is missing or has another shape.
  virtual void load_state(const NamedTensors& state);

  /// Keeps the state and serves other classes. Throws NotTransferable where the method cannot; the reason is
  /// shown beside its scores, so it has to be the same for all datasets.
  virtual void retarget(const ClassNames& class_names) = 0;
};

}  // namespace promptbed
