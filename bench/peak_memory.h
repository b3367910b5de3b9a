#pragma once

#include <optional>
#include <string>

namespace promptbed::bench {

/// The counter that holds the peak memory of a process, in bytes.
inline constexpr const char* kPeakMemory = "peak_bytes";

/// What a process of its own does so that its peak can be read: it loads a model and makes two training steps
/// and a test of CoCoOp on made features.
struct MemoryWork {
  std::string model, precision;
  int classes = 0;
};

/// The work that the command line asks for, where this is such a process.
std::optional<MemoryWork> memory_work(int count, char** words);
int do_work(const MemoryWork& work);

}  // namespace promptbed::bench
