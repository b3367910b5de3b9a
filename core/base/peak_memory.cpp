#include "base/peak_memory.h"

#include <sys/resource.h>

#include <fstream>

namespace promptbed {

int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5)
}

}  // namespace promptbed
