#include "data/layouts/own_folders.h"

#include <algorithm>
#include <array>
#include <utility>

namespace promptbed {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kParts = {{{"train", "train"},
                                                                                  {"training", "train"},
                                                                                  {"val", "val"},
                                                                                  {"valid", "val"},
                                                                                  {"validation", "val"},
                                                                                  {"test", "test"},
                                                                                  {"testing", "test"}}};

constexpr std::array<std::string_view, 6> kLeftBySystems = {
    "__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__pycache__"};

/// In ASCII; other letters stay.
std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::string_view part_named(std::string_view folder) {
  const std::string name = lower_case(folder);
  const auto* const found = std::ranges::find(kParts, std::string_view(name),
                                              &std::pair<std::string_view, std::string_view>::first);
  return found == kParts.end() ? "" : found->second;
}

bool is_left_by_system(std::string_view folder) {
  return std::ranges::find(kLeftBySystems, folder) != kLeftBySystems.end();
}

}  // namespace promptbed
