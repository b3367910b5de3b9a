#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace promptbed {

/// The processor's model name as Linux reports it, or "unknown". Virtual machines may hide it: where it has
/// no number, family and model follow ("Intel(R) Xeon(R) Processor (family 6, model 207)").
std::string processor_name();

/// The same from what /proc/cpuinfo holds.
std::string processor_name_in(std::istream& cpuinfo);

/// What this processor multiplies fast. False if that cannot be determined.
bool has_avx2();           ///< and fused products and sums
bool has_avx512();         ///< as Skylake-X has it: F, BW, CD, DQ and VL
bool has_bf16_products();  ///< AVX512-BF16 or AMX

/// Makes the allocator keep freed memory instead of returning it to the system: a training step asks for the
/// same tensors every time, and the system zeroes every page that it hands out. Programs call it first thing.
void keep_freed_memory();

/// This process's peak resident memory in bytes, since it began or since reset_peak_memory().
int64_t peak_memory();

/// Restarts the measurement, on systems that allow it (Linux).
void reset_peak_memory();

}  // namespace promptbed
