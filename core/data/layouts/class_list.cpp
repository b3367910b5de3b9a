#include "data/layouts/class_list.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "formats/lines.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const nlohmann::json& list, const fs::path& file) {
  std::vector<std::string> names;
  for (const nlohmann::json& name : list) {
    if (!name.is_string())
      throw Error(fmt::format("{}: {} is no class name; give a list of texts", file.string(), name.dump()));
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace

std::optional<std::vector<std::string>> read_class_list(const fs::path& file) {
  const std::string text = read_file(file);
  const size_t first = text.find_first_not_of(" \t\r\n");
  const char begin = first == std::string::npos ? '\0' : text[first];
  if (begin == '{') return std::nullopt;
  const std::vector<std::string> names = begin == '[' ? names_in(read_json(file), file) : read_lines(file);
  if (names.empty()) throw Error(fmt::format("{}: holds no class name; give one a line", file.string()));
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty()) throw Error(fmt::format("{}: a class name is empty; leave it out", file.string()));
    if (!seen.insert(name).second)
      throw Error(fmt::format("{}: class '{}' is there twice; leave one out", file.string(), name));
  }
  return names;
}

}  // namespace promptbed
