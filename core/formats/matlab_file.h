#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace promptbed {

/// A MATLAB file (.mat), opened for reading. Errors name the file and the variable.
///
///     MatlabFile annotations("devkit/cars_train_annos.mat");
///     annotations.texts("annotations", "fname");   // {"00001.jpg", ...}
class MatlabFile {
 public:
  /// Throws Error if the file cannot be read or is not a MATLAB file.
  explicit MatlabFile(std::filesystem::path path);
  ~MatlabFile();
  MatlabFile(const MatlabFile&) = delete;
  MatlabFile& operator=(const MatlabFile&) = delete;

  /// All values of a numeric variable.
  std::vector<int64_t> integers(const char* variable) const;

  /// The texts of a cell array.
  std::vector<std::string> texts(const char* variable) const;

  /// One field of every element of a struct array: numbers, or texts.
  std::vector<int64_t> integers(const char* variable, const char* field) const;
  std::vector<std::string> texts(const char* variable, const char* field) const;

 private:
  struct Handle;

  std::filesystem::path path_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace promptbed
