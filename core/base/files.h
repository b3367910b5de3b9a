#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace promptbed {

/// The whole file. Throws Error if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// The JSON in a file. Throws Error naming the file, and the line of a syntax error.
nlohmann::json read_json(const std::filesystem::path& path);

/// Lets `write` fill a temporary file next to `path`, then renames it: readers see the old file or the new
/// one, never a part. Makes the folder if necessary. Whatever `write` throws, nothing is left behind.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path&)>& write);

/// The same for given contents.
void write_file(const std::filesystem::path& path, std::string_view contents);

/// Whether a path read from a file lexically stays inside the folder that it is relative to: not empty, not
/// absolute, no "..".
bool is_inner_path(std::string_view path);

/// The right to write a cache file: one holder at a time across all processes. The kernel releases it when a
/// process dies.
class WriterLock {
 public:
  /// Locks <cache>.lock, which it creates and leaves in place. If another process holds it, says so on `log`
  /// and waits. Throws Error if the file cannot be created, Interrupted if the user gives up.
  WriterLock(const std::filesystem::path& cache, std::ostream& log);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace promptbed
