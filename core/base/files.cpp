#include "base/files.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <unistd.h>

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
    throw Error(fmt::format("{}, line {}: is not JSON; mend or replace the file", path.string(),
                            1 + std::ranges::count(before, '\n')));
  }
}

void write_atomically(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  fs::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  try {
    write(temporary);
    fs::rename(temporary, path);
  } catch (const fs::filesystem_error& fault) {
    fs::remove(temporary, failure);
    throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space", path.string(),
                            fault.code().message()));
  } catch (...) {
    fs::remove(temporary, failure);
    throw;
  }
}

void write_file(const fs::path& path, std::string_view contents) {
  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    out.close();
    if (!out) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), std::strerror(errno)));
    }
  });
}

}  // namespace promptbed
