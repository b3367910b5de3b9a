#include "base/utc.h"

#include <cstdlib>
#include <ctime>

namespace promptbed {

std::optional<double> seconds_since_1970(const std::string& utc) {
  std::tm time{};
  const char* const rest = ::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return std::nullopt;
  const double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0;
  return static_cast<double>(::timegm(&time)) + fraction;
}

}  // namespace promptbed
