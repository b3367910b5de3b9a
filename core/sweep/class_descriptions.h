#pragma once

#include <promptbed/task.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace promptbed {

/// A user's file that describes the classes of a dataset.
class ClassDescriptions {
 public:
  /// Reads a JSON file: sentences by class, as CuPL publishes them (arXiv 2209.03320),
  ///
  ///     {"banded": ["A banded surface has parallel stripes.", ...], ...}
  ///
  /// or templates for all classes, ["a photo of a {}.", ...]. Throws Error for any other file, a class
  /// without sentences, an empty sentence, and a template that does not hold {} once.
  explicit ClassDescriptions(const std::filesystem::path& file);

  /// Of the file's bytes.
  const std::string& hash() const { return hash_; }

  /// The sentences of each of these classes. A class has its own name in the file, or the same with spaces
  /// for underscores. Throws Error naming the file and the first class that it does not describe.
  Descriptions of(const std::vector<std::string>& class_names) const;

 private:
  void read_classes(const nlohmann::json& classes);
  void read_templates(const nlohmann::json& templates);

  std::filesystem::path file_;
  std::string hash_;
  std::vector<std::string> templates_;
  Descriptions by_name_;  ///< underscores read as spaces
};

}  // namespace promptbed
