#pragma once

#include "methods/method_registry.h"
#include "sweep/inputs.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// What jobs are planned and made with: plugins and inputs.
class Workbench {
 public:
  /// Opens plugins, suite and model. Throws Error for what is missing or wrong.
  explicit Workbench(BenchSpec spec)
      : spec_(std::move(spec)),
        registry_(plugin_folders(spec_.plugins)),
        inputs_(spec_),
        datasets_(inputs_) {}
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

  const BenchSpec& spec() const { return spec_; }
  const MethodRegistry& registry() const { return registry_; }
  const Inputs& inputs() const { return inputs_; }
  Inputs& inputs() { return inputs_; }

  /// What the job at hand has opened.
  OpenDatasets& datasets() { return datasets_; }

 private:
  BenchSpec spec_;
  MethodRegistry registry_;
  Inputs inputs_;
  OpenDatasets datasets_;
};

}  // namespace promptbed
