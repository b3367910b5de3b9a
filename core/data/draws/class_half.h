#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/layouts/split.h"

namespace promptbed {

/// Which of a dataset's K classes: the first ceil(K/2) labels, the others, or all.
enum class ClassSet { base, new_, all };

/// "base", "new" or "all".
std::string_view to_string(ClassSet set);

/// The reverse. Throws Error for any other text.
ClassSet parse_class_set(std::string_view text);

/// The names of a set's classes, by their label within it.
std::vector<std::string> class_names_of(const Split& split, ClassSet set);

/// Those of `images` whose class is in the set, in order, relabelled from 0.
std::vector<Image> subset(const std::vector<Image>& images, const Split& split, ClassSet set);

}  // namespace promptbed
