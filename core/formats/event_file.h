#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace promptbed {

/// One number of a curve.
struct ScalarEvent {
  double time = 0;   ///< when it was measured, in seconds since 1970
  int64_t step = 0;  ///< where it is on the curve
  std::string tag;   ///< which curve; a slash groups curves
  double value = 0;  ///< kept in single precision
};

/// The contents of a file of events that TensorBoard reads, which begins at a time: records as TFRecord
/// frames them, each an `Event` of tensorflow/core/util/event.proto, the first with the format's version. The
/// same events give the same bytes.
std::string event_file(double begun, const std::vector<ScalarEvent>& events);

/// CRC-32C (Castagnoli), by which records are checked: 0xe3069283 of "123456789".
uint32_t crc32c(const std::string& bytes);

}  // namespace promptbed
