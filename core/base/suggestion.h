#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// What to do about a word that is none of the known ones: "did you mean coop?" where some are near it, up to
/// three of them, or else all of them, "known: ape, atprompt", as where there are no more than three. Near
/// are words that differ in case or in `_` for `-` alone, and those that a third of the word's letters,
/// swapped, left out, added or wrong, lead to.
std::string remedy_for(std::string_view word, const std::vector<std::string>& known);

/// The first half of that alone, with a `mark` in front of each word; "" where none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                         std::string_view mark = "");

}  // namespace promptbed
