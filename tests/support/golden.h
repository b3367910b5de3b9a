#pragma once

#include <cstdlib>
#include <filesystem>

namespace promptbed::test {

/// The folder of reference vectors: $PROMPTBED_GOLDEN, or the part of them that is committed.
inline std::filesystem::path golden_folder() {
  const char* given = std::getenv("PROMPTBED_GOLDEN");
  return given != nullptr && *given != '\0'
             ? std::filesystem::path(given)
             : std::filesystem::path(PROMPTBED_SOURCE_DIR) / "tests" / "golden";
}

}  // namespace promptbed::test
