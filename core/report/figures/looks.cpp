#include <set>

#include "report/figures/grid_figures.h"

namespace promptbed {

Looks looks_of(const Snapshot& snapshot) {
  std::set<std::string> trained;
  for (const RunResults& run : snapshot.runs()) {
    if (run.is_trained()) trained.insert(run.spec().method);
  }
  Looks looks;
  for (const std::string& method : snapshot.methods()) looks.of(method, trained.contains(method));
  return looks;
}

}  // namespace promptbed
