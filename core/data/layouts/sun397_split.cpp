#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>

#include "data/layouts/split_making.h"
#include "data/layouts/split_origins.h"
#include "formats/lines.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// "b/bakery/shop" -> "shop bakery".
std::string class_name_of(const std::string& path) {
  std::string name;
  for (size_t end = path.size(); true;) {
    const size_t slash = path.rfind('/', end - 1);
    if (slash == std::string::npos) return name;
    if (!name.empty()) name += ' ';
    name.append(path, slash + 1, end - slash - 1);
    end = slash;
  }
}

std::string without_leading_slash(const std::string& line, const fs::path& file) {
  if (line.size() < 2 || line.front() != '/' || line.find('/', 1) == std::string::npos) {
    throw Error(
        fmt::format("{}: line '{}' has to hold a path such as /a/abbey; mend the file", file.string(), line));
  }
  return line.substr(1);
}

std::vector<Image> read_list(const fs::path& file, const std::map<std::string, int64_t>& labels) {
  std::vector<Image> images;
  for (const std::string& line : read_lines(file)) {
    std::string path = without_leading_slash(line, file);
    const std::string folder = path.substr(0, path.rfind('/'));
    const auto label = labels.find(folder);
    if (label == labels.end()) {
      throw Error(fmt::format("{}: '{}' is of a class that ClassName.txt lacks; mend one of them",
                              file.string(), line));
    }
    images.push_back({std::move(path), label->second, class_name_of(folder)});
  }
  return images;
}

}  // namespace

Split split_sun397(const DatasetSpec& spec, const fs::path& folder) {
  const fs::path classes = folder / "ClassName.txt";
  std::map<std::string, int64_t> labels;
  for (const std::string& line : read_lines(classes))
    labels.emplace(without_leading_slash(line, classes), static_cast<int64_t>(labels.size()));
  Split split;
  split.train = read_list(folder / "Training_01.txt", labels);
  split.test = read_list(folder / "Testing_01.txt", labels);
  hold_out_validation(split);
  return split;
}

}  // namespace promptbed
