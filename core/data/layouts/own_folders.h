#pragma once

#include <string>
#include <string_view>

namespace promptbed {

/// The part of a dataset that a user's folder stands for by its name, in any case: "train" (also "training"),
/// "val" (also "valid" and "validation") or "test" (also "testing"); "" for another name.
std::string_view part_named(std::string_view folder);

/// Whether a folder of this name was left by a system or a program, not made by a user: "__MACOSX",
/// "@eaDir", "$RECYCLE.BIN" and the like.
bool is_left_by_system(std::string_view folder);

}  // namespace promptbed
