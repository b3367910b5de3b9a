#pragma once

#include <string_view>

#include "formats/pickle_value.h"

namespace promptbed {

/// The entries of a dict of any of Python's kinds; nullptr where the value is something else.
const PickleEntries* entries_of(const PickleValue& value);

/// The value under a text; nullptr where there is none.
const PickleValue* find_entry(const PickleEntries& entries, std::string_view key);

}  // namespace promptbed
