#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// A MATLAB file (.mat) of level 5, which all versions from 5 to 7 write. What it claims is not believed: a
/// reader of our own takes no more memory than its bytes need. Errors name the file and the variable.
///
///     MatlabFile annotations("devkit/cars_train_annos.mat");
///     annotations.texts("annotations", "fname");   // {"00001.jpg", ...}
class MatlabFile {
 public:
  /// Throws Error if the file cannot be read, is longer than 64 MiB or is not a MATLAB file of level 5.
  explicit MatlabFile(std::filesystem::path path);

  /// All values of a variable of whole numbers.
  std::vector<int64_t> integers(const char* variable) const;

  /// The texts of a cell array.
  std::vector<std::string> texts(const char* variable) const;

  /// One field of every element of a struct array: numbers, or texts.
  std::vector<int64_t> integers(const char* variable, const char* field) const;
  std::vector<std::string> texts(const char* variable, const char* field) const;

 private:
  template <class Use>
  auto use(const char* name, const Use& use) const;

  std::filesystem::path path_;
  std::string contents_;
};

}  // namespace promptbed
