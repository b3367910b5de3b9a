#pragma once

#include <memory>
#include <optional>

#include "clip/model.h"
#include "clip/text_transformer.h"
#include "data/suite.h"
#include "methods/method_registry.h"
#include "results/ledger.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// Where the trained prompt of a run is kept: prompts/ID.safetensors beside the ledger.
std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run);

/// What all runs of a sweep share. Towers come into memory when they are first asked for.
class Workbench {
 public:
  /// Opens model, plugins, suite and ledger. Throws Error for what is missing or wrong.
  explicit Workbench(SweepSpec spec);

  const SweepSpec& spec() const { return spec_; }
  const ClipModel& model() const { return model_; }
  const MethodRegistry& registry() const { return registry_; }
  const Suite& suite() const { return suite_; }

  /// The ledger, made where there is none yet.
  Ledger& ledger();

  /// The ledger if there is one: what only looks must not make one.
  const Ledger* existing_ledger() const { return ledger_ ? &*ledger_ : nullptr; }

  std::shared_ptr<const TextEncoder> text_encoder();
  const ImageEncoder& image_encoder();

 private:
  SweepSpec spec_;
  MethodRegistry registry_;
  Suite suite_;
  ClipModel model_;
  std::optional<Ledger> ledger_;
  std::shared_ptr<const TextEncoder> text_encoder_;
  std::unique_ptr<ImageEncoder> image_encoder_;
};

}  // namespace promptbed
