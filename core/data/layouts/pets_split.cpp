#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "data/layouts/split_making.h"
#include "data/layouts/split_origins.h"
#include "formats/lines.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// "Great_Pyrenees_17 16 2 6" -> label 15, "great_pyrenees".
Image parse(const std::string& line, const fs::path& file) {
  std::istringstream words(line);
  std::string stem;
  int64_t label = 0;
  const bool complete = static_cast<bool>(words >> stem >> label);
  const size_t number = stem.rfind('_');
  if (!complete || label < 1 || number == std::string::npos) {
    throw Error(
        fmt::format("{}: line '{}' has to hold a file's name, ended by _NUMBER, and its label; mend it",
                    file.string(), line));
  }
  std::string name = stem.substr(0, number);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  return {stem + ".jpg", label - 1, name};
}

std::vector<Image> read_list(const fs::path& file) {
  std::vector<Image> images;
  for (const std::string& line : read_lines(file)) images.push_back(parse(line, file));
  return images;
}

}  // namespace

Split split_pets(const DatasetSpec& spec, const fs::path& folder) {
  Split split;
  split.train = read_list(folder / "annotations/trainval.txt");
  split.test = read_list(folder / "annotations/test.txt");
  hold_out_validation(split);
  return split;
}

}  // namespace promptbed
