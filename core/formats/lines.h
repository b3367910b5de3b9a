#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {

/// The lines of a text file, without their ends and without empty ones. Throws Error where it cannot be read.
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Lines of a word and a text, "n01440764 tench". Throws Error for a line of one word.
std::vector<std::pair<std::string, std::string>> read_word_lines(const std::filesystem::path& path);

}  // namespace promptbed
