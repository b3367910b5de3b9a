#include "methods/guarded_learner.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "base/interrupt.h"

namespace promptbed {
namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

class GuardedLearner final : public PromptLearner {
 public:
  GuardedLearner(std::unique_ptr<PromptLearner> learner, std::string method)
      : learner_(std::move(learner)), method_(std::move(method)) {}

  Needs needs() const override {
    return at_plugin_border(method_, [&] { return learner_->needs(); });
  }
  Options resolve(const Setting& setting) override {
    return at_plugin_border(method_, [&] { return learner_->resolve(setting); });
  }
  Recipe recipe(const Setting& setting) const override {
    return at_plugin_border(method_, [&] { return learner_->recipe(setting); });
  }
  void bind(const Task& task) override {
    at_plugin_border(method_, [&] { learner_->bind(task); });
  }
  Tensor logits(const Batch& batch) override {
    return at_plugin_border(method_, [&] { return learner_->logits(batch); });
  }
  Tensor loss(const Batch& batch) override {
    return at_plugin_border(method_, [&] { return learner_->loss(batch); });
  }
  Tensor backward(const Batch& batch) override {
    return at_plugin_border(method_, [&] { return learner_->backward(batch); });
  }
  bool fit(const FeatureSet& train, const FeatureSet& validation) override {
    return at_plugin_border(method_, [&] { return learner_->fit(train, validation); });
  }
  void epoch_end(int64_t epoch, int64_t epochs) override {
    at_plugin_border(method_, [&] { learner_->epoch_end(epoch, epochs); });
  }
  NamedTensors trainable() override {
    return at_plugin_border(method_, [&] { return learner_->trainable(); });
  }
  NamedTensors state() override {
    return at_plugin_border(method_, [&] { return learner_->state(); });
  }
  void load_state(const NamedTensors& state) override {
    at_plugin_border(method_, [&] { learner_->load_state(state); });
  }
  void retarget(const ClassNames& class_names) override {
    at_plugin_border(method_, [&] { learner_->retarget(class_names); });
  }

 private:
  std::unique_ptr<PromptLearner> learner_;
  std::string method_;
};

}  // namespace

std::unique_ptr<PromptLearner> guard(std::unique_ptr<PromptLearner> learner, std::string method) {
  return std::make_unique<GuardedLearner>(std::move(learner), std::move(method));
}

void rethrow_from_plugin(const std::string& method) {
  try {
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const PromptTooLong& fault) {
    throw PromptTooLong(fmt::format("{}: {}", method, first_line(fault.what())));
  } catch (const NotTransferable& fault) {
    throw NotTransferable(fmt::format("{}: {}", method, first_line(fault.what())));
  } catch (const c10::Error& fault) {
    throw Error(fmt::format("{}: {}", method, first_line(fault.what_without_backtrace())));
  } catch (const std::exception& fault) {
    throw Error(fmt::format("{}: {}", method, first_line(fault.what())));
  } catch (...) {
    throw Error(
        fmt::format("{}: threw something that is no exception; report it to the plugin's author", method));
  }
}

}  // namespace promptbed
