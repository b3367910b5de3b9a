#pragma once

#include <optional>

#include "methods/method_registry.h"
#include "results/ledger.h"
#include "sweep/inputs.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// What all runs of a sweep share.
class Workbench {
 public:
  /// Opens plugins, suite, model and ledger. Throws Error for what is missing or wrong.
  explicit Workbench(SweepSpec spec);

  const SweepSpec& spec() const { return spec_; }

  /// Whether the protocol trains on one dataset only.
  bool has_source() const { return !spec_.source.empty(); }
  const MethodRegistry& registry() const { return registry_; }
  const Inputs& inputs() const { return inputs_; }
  Inputs& inputs() { return inputs_; }

  /// The ledger, made where there is none yet.
  Ledger& ledger();

  /// The ledger if there is one: what only looks must not make one.
  const Ledger* existing_ledger() const { return ledger_ ? &*ledger_ : nullptr; }

 private:
  SweepSpec spec_;
  MethodRegistry registry_;
  Inputs inputs_;
  std::optional<Ledger> ledger_;
};

}  // namespace promptbed
