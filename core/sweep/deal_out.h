#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace promptbed {

/// Deals things out among parts (1 at least) so that none costs more than one thing above another: the
/// dearest first, each to the part that has least, of equal ones to the first. Returns the part of each
/// thing, from 0.
std::vector<size_t> deal_out(std::span<const int64_t> costs, size_t parts);

}  // namespace promptbed
