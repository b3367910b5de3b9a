#pragma once

#include <string>
#include <string_view>

#include "results/ledger.h"

namespace promptbed {

/// What the finished runs of a ledger are of, for errors that say what can be shown: of one protocol "coop
/// (1, 16 shots), clip_zeroshot", of all ("") "base-new runs of coop (1, 16 shots)". "" where there are none.
std::string holdings(const Ledger& ledger, std::string_view protocol);

}  // namespace promptbed
