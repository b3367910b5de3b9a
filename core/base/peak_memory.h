#pragma once

#include <cstdint>

namespace promptbed {

/// The most memory, in bytes, that this process has held since it began or since reset_peak_memory().
int64_t peak_memory();

/// Starts the count anew, on systems that allow it (Linux).
void reset_peak_memory();

}  // namespace promptbed
