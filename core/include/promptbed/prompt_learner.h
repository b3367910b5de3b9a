#pragma once

#include <promptbed/error.h>
#include <promptbed/export.h>
#include <promptbed/options.h>
#include <promptbed/recipe.h>
#include <promptbed/task.h>
#include <promptbed/tensor.h>

namespace promptbed {

/// What a method asks the host for beyond training features. Asked once its options are settled.
struct Needs {
  bool validation_features = false;      ///< Task::validation, and the second argument of fit()
  bool gradients_at_evaluation = false;  ///< logits() differentiates even when it is tested
  bool views_at_test = false;            ///< several views of a test image; not given by this version
  bool pixels = false;                   ///< Batch::pixels; not given by this version
};

/// A prompt-learning method: one instance per run.
///
/// The host calls, in this order:
///
///     resolve(setting) -> recipe(setting) -> bind(task) -> fit(...) or the loop over backward(batch)
///       -> state() -> logits(batch) on the trained classes -> retarget(names) -> logits(batch) on the others
///
/// A method implements resolve, bind, logits and retarget, and trainable() if it learns; everything else only
/// where it differs. The smallest that learns, a factor on the zero-shot logits:
///
///     class Temperature final : public PromptLearner {
///      public:
///       Options resolve(const Setting& setting) override {
///         check_template(setting, setting.prompt_template);
///         return {};
///       }
///       void bind(const Task& task) override {
///         task_ = task;
///         factor_ = at::ones({}, at::device(task.device)).requires_grad_();
///         retarget(task.class_names);
///       }
///       Tensor logits(const Batch& batch) override {                                     // [B, K]
///         return factor_ * task_.logit_scale * at::matmul(normalised(batch.features), classes_.t());
///       }
///       NamedTensors trainable() override { return {{"factor", factor_}}; }
///       void retarget(const ClassNames& names) override {
///         classes_ = template_features(task_, task_.prompt_template, names);             // [K, D]
///       }
///      private:
///       Task task_;
///       Tensor factor_, classes_;
///     };
///
/// What a method throws becomes one line of the run's record, and the other runs go on. `runner methods
/// check` tries the rules that stand below.
class PROMPTBED_EXPORT PromptLearner {
 public:
  virtual ~PromptLearner() = default;

  virtual Needs needs() const { return {}; }

  /// Settles the options that depend on the dataset, and returns all of them. The result enters the RunSpec;
  /// settling it again must not change it. Called when a sweep is planned, on an instance of its own, and
  /// once more before bind(). Throws PromptTooLong where a class's prompt does not fit, which fails the run,
  /// and any other Error where the options are wrong or contradict each other, which stops the sweep before
  /// any work.
  virtual Options resolve(const Setting& setting) = 0;

  /// Epochs, batch, optimiser groups and schedule: the paper's, unless the user overrides them. Not asked of
  /// a method with a solver of its own.
  virtual Recipe recipe(const Setting&) const { return {}; }

  /// Takes the task and initialises the trainable tensors from its generator: nothing else may be drawn from,
  /// so that the same seed gives the same bits. Put them on the task's device.
  virtual void bind(const Task& task) = 0;

  /// Scaled similarities [B, K] of the rows with the classes: finite, and each row's its own, whatever else
  /// is in the batch. Called with gradients in training, and without when it is tested.
  virtual Tensor logits(const Batch& batch) = 0;

  /// Scalar to be minimised; the cross-entropy of the logits unless overridden.
  virtual Tensor loss(const Batch& batch);

  /// Accumulates the gradients of the loss and returns it, detached. A method with two gradients overrides
  /// it.
  virtual Tensor backward(const Batch& batch);

  /// Trains in closed form or with a solver of its own, as Training::own_solver says; false leaves the
  /// training to the host's loop. `validation` is defined only where needs() asks for it, and empty where the
  /// dataset has none.
  virtual bool fit(const FeatureSet& train, const FeatureSet& validation);

  /// Called after each epoch of the host's loop, counted from 0.
  virtual void epoch_end(int64_t epoch, int64_t epochs);

  /// What the optimiser moves: leaves that require gradients, the same tensors whenever it is called. Empty
  /// for a method without training, or with its own.
  virtual NamedTensors trainable() { return {}; }

  /// What a trained prompt saves: all that was learned, so that a fresh learner gives the same logits with
  /// it.
  virtual NamedTensors state() { return trainable(); }

  /// Puts a saved state back after bind(): copies it into the tensors of state() unless overridden. Throws
  /// Error where a tensor is missing or has another shape.
  virtual void load_state(const NamedTensors& state);

  /// Keeps the state and serves other classes, as if it had been bound to them. Throws NotTransferable where
  /// the method cannot; its cell in the table then says so, and why, so the reason has to be the same for all
  /// datasets.
  virtual void retarget(const ClassNames& class_names) = 0;
};

}  // namespace promptbed
