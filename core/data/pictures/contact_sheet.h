#pragma once

#include <filesystem>
#include <vector>

#include "data/pictures/picture.h"

namespace promptbed {

/// Pictures of each class in small squares: a row a class, top to bottom, and where there are many classes
/// several columns of such rows. Squares are the pictures' middles. Throws Error for a picture that is
/// missing or unreadable.
Picture contact_sheet(const std::vector<std::vector<std::filesystem::path>>& classes);

/// Writes a picture as a PNG file. Throws Error where it cannot.
void write_png(const std::filesystem::path& file, const Picture& picture);

}  // namespace promptbed
