#pragma once

#include <string>
#include <string_view>

#include "formats/pickle_value.h"

namespace promptbed {

/// Reads a pickle of protocol 2 to 5 as data. Nothing in it is ever imported, called or evaluated: a global
/// stays a name, and a call stays a record of the name and its arguments.
///
/// `source` names the pickle in errors. Throws Error where it is truncated, damaged, of another protocol or
/// has more values than any checkpoint.
Pickle unpickle(std::string_view bytes, const std::string& source);

}  // namespace promptbed
