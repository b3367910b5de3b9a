#pragma once

#include <optional>
#include <string>

namespace promptbed {

/// "2026-11-28T06:33:18.720Z", a time as the ledger writes it, in seconds since 1970; nothing for a text of
/// another form. The fraction may be missing.
std::optional<double> seconds_since_1970(const std::string& utc);

}  // namespace promptbed
