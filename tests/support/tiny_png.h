#pragma once

#include <cstdint>
#include <filesystem>

#include "data/pictures/contact_sheet.h"

namespace promptbed::test {

/// Writes a PNG picture of 8 x 8 pixels of one shade.
inline void write_tiny_png(const std::filesystem::path& file, uint8_t shade) {
  write_png(file, {8, 8, std::vector<uint8_t>(8 * 8 * 3, shade)});
}

}  // namespace promptbed::test
