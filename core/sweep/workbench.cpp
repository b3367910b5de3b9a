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

}  // namespace promptbed
