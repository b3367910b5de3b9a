#include "base/files.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

namespace promptbed {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure))
    throw Error(fmt::format("{}: is a folder; give a file", path.string()));
  std::ifstream in(path, std::ios::binary);
  std::string contents((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) {
    throw Error(fmt::format("{}: cannot be read ({}); check the path and its permissions", path.string(),
                            std::strerror(errno)));
  }
  return contents;
}

nlohmann::json read_json(const fs::path& path) {
  const std::string text = read_file(path);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& fault) {
    const auto before = std::string_view(text).substr(0, fault.byte > 0 ? fault.byte - 1 : 0);
    throw Error(fmt::format("{}, line {}: is not JSON; fix or replace the file", path.string(),
                            1 + std::ranges::count(before, '\n')));
  }
}

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  while (true) {
    const size_t end = path.find('/');
    if (path.substr(0, end) == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace promptbed
