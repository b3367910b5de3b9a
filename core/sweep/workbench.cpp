#include "sweep/workbench.h"

namespace promptbed {

Workbench::Workbench(SweepSpec spec)
    : spec_(std::move(spec)), registry_(plugin_folders(spec_.plugins)), inputs_(spec_) {
  if (std::filesystem::exists(spec_.ledger)) ledger_.emplace(spec_.ledger);
}

Ledger& Workbench::ledger() {
  if (!ledger_) ledger_.emplace(spec_.ledger);
  return *ledger_;
}

std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "prompts" / (run + ".safetensors");
}

}  // namespace promptbed
