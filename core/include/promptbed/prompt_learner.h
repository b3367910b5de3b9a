#pragma once

#include <promptbed/error.h>
#include <promptbed/export.h>
#include <promptbed/options.h>
#include <promptbed/recipe.h>
#include <promptbed/task.h>
#include <promptbed/tensor.h>

namespace promptbed {

/// What a method needs from the host besides training features. Asked once its options are resolved.
struct Needs {
  bool validation_features = false;      ///< Task::validation, and the second argument of fit()
  bool gradients_at_evaluation = false;  ///< logits() differentiates in evaluation, too
  /// Random crops of each test image, as many as this, besides its centre: Batch::views_at_test. The same in
  /// every run. Not together with pixels.
  int64_t views_at_test = 0;
  /// Batch::pixels in the place of features: for methods that change what the image tower sees or does. Each
  /// epoch shows a fresh random crop of each image, or with --views 0 its centre; tests show the centre.
  bool pixels = false;
  bool descriptions = false;  ///< Setting::descriptions, where the user gives some
};

/// What a method offers. Asked once its options are resolved.
struct Offers {
  bool text_features = false;  ///< outputs(), to methods that are built on it (WrapperSpec)
  /// backward() calls the same operators on batches of one size, and whatever differs from step to step comes
  /// with the batch or is changed in place in tensors on the device: nothing is drawn, counted or chosen on
  /// the host. A GPU then records one step and repeats it.
  bool repeatable_steps = false;
};

/// What one pass over a batch gives, for a method that is built on another.
struct Outputs {
  Tensor text_features;  ///< of the classes, not normalised: [K, D], or [B, K, D] if the image has a part in
                         ///< them
  Tensor logits;         ///< [B, K], as logits() returns them
  Tensor loss;           ///< as loss() returns it
};

/// A prompt-learning method: one instance per run.
///
/// The host calls:
///
///     resolve(setting) -> recipe(setting) -> bind(task) -> fit(...) or the loop over backward(batch)
///       -> state() -> logits(batch) on the trained classes -> retarget(names) -> logits(batch) on the others
///
/// A method implements resolve, bind, logits and retarget, trainable() if it learns, and the rest only where
/// it differs from the default. The smallest that learns, a factor on the zero-shot logits:
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
/// Whatever a method throws becomes one line of the run's record, and the other runs go on. `runner methods
/// check` tests the rules stated below.
class PROMPTBED_EXPORT PromptLearner {
 public:
  virtual ~PromptLearner() = default;

  /// What the method needs besides training features.
  virtual Needs needs() const { return {}; }

  /// What the method offers: by default nothing.
  virtual Offers offers() const { return {}; }

  /// Resolves the options that depend on the dataset, and returns all options. They become part of the run's
  /// id; resolving them again must not change them. Called on an instance of its own when a sweep is planned,
  /// and again before bind(). Throws PromptTooLong if a class's prompt does not fit, which fails the run, and
  /// any other Error if options are wrong or contradict each other, which stops the sweep before any work.
  virtual Options resolve(const Setting& setting) = 0;

  /// Epochs, batch size, optimiser groups and schedule: the paper's, unless the user overrides them. Not
  /// called for a method with its own solver.
  virtual Recipe recipe(const Setting&) const { return {}; }

  /// Takes the task and initialises the trainable tensors on its device. All randomness must come from its
  /// generator, so that the same seed gives the same bits.
  virtual void bind(const Task& task) = 0;

  /// Scaled similarities [B, K] of rows and classes: finite, and those of a row independent of the rest of
  /// the batch and of what was seen before, unless the method is online (MethodSpec). Called with gradients
  /// in training, and without them in evaluation unless needs() asks.
  virtual Tensor logits(const Batch& batch) = 0;

  /// The scalar to minimise; by default the cross-entropy of the logits.
  virtual Tensor loss(const Batch& batch);

  /// Logits and loss of a batch with labels, and the text features that they are made of, in one pass. Only
  /// for a method that offers text features; by default it throws Error.
  virtual Outputs outputs(const Batch& batch);

  /// Accumulates the gradients of the loss and returns the loss, detached. Overridden by methods that combine
  /// several gradients.
  virtual Tensor backward(const Batch& batch);

  /// Trains in closed form or with its own solver, for Training::own_solver; returning false leaves training
  /// to the host's loop. `validation` is defined only if needs() asks for it, and empty if the dataset has no
  /// validation images.
  virtual bool fit(const FeatureSet& train, const FeatureSet& validation);

  /// Called after each epoch of the host's loop; `epoch` counts from 0.
  virtual void epoch_end(int64_t epoch, int64_t epochs);

  /// What the optimiser updates: leaves that require gradients, the same tensors in every call. Empty for a
  /// method without training, or with its own solver.
  virtual NamedTensors trainable() { return {}; }

  /// What training changes besides trainable() and the task's generator, such as running means: the same
  /// tensors in every call after bind(). A run that was interrupted goes on from copies of all three, to the
  /// same bits, so whatever else a method remembers between two steps has to be here.
  virtual NamedTensors training_state() { return {}; }

  /// Everything learned: what a trained prompt saves. A fresh learner with this state gives the same logits.
  virtual NamedTensors state() { return trainable(); }

  /// Restores a saved state after bind(); by default copies it into the tensors of state(). Throws Error if a
  /// tensor is missing or has another shape.
  virtual void load_state(const NamedTensors& state);

  /// Keeps the state and serves other classes from now on, as if bound to them. An online method forgets the
  /// test images that it has seen. Throws NotTransferable if the method cannot. Tables print the reason once
  /// for all datasets, so it must not depend on the dataset.
  virtual void retarget(const ClassNames& class_names) = 0;
};

}  // namespace promptbed
