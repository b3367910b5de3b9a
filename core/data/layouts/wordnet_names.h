#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

namespace promptbed {

/// The names of ImageNet's classes: a file of "n01440764 tench" lines.
class WordNetNames {
 public:
  /// Throws Error where the file cannot be read, is not of that form or has an id twice.
  explicit WordNetNames(const std::filesystem::path& file);

  /// In the order of the lines.
  const std::vector<std::string>& in_order() const { return names_; }

  /// Throws Error for an id that the file lacks.
  const std::string& at(const std::string& id) const;

 private:
  std::filesystem::path file_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace promptbed
