#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// The settings of a model in a configuration file of the library that trained it. Null stands for the
/// default, as it does there. Every fault is one line that names the file, the setting and its value.
///
///     const ModelSettings config(read_json(path), path.string());
///     config.part("text_config").require("layer_norm_eps", 1e-5);
///     // throws "models/x/config.json: text_config.layer_norm_eps is 1e-06 where a CLIP has 1e-05; ..."
class ModelSettings {
 public:
  /// Throws Error if the file does not hold an object.
  ModelSettings(nlohmann::json object, const std::string& file);

  /// Whether there is such a setting, and it is not null.
  bool has(const std::string& key) const;

  /// All keys, null or not.
  std::vector<std::string> keys() const;

  /// The value, or `absent`. Throws Error if it has another type; a fraction is no whole number.
  bool flag(const std::string& key, bool absent) const;
  int64_t whole(const std::string& key, int64_t absent) const;
  double number(const std::string& key, double absent) const;
  std::string text(const std::string& key, const std::string& absent) const;

  /// The value as it is; null if it is absent.
  nlohmann::json value(const std::string& key) const;

  /// The settings under a key; none if it is absent. Throws Error if it holds anything but an object.
  ModelSettings part(const std::string& key) const;

  /// Throws Error unless the setting is absent or has this value, which is what CLIP has. Numbers are
  /// compared as f32, since some files hold what is left of 1e-5 after a round trip through it.
  void require(const std::string& key, const nlohmann::json& value) const;

  /// Throws Error: "FILE: KEY is VALUE; <why>".
  [[noreturn]] void refuse(const std::string& key, std::string_view why) const;

 private:
  ModelSettings(nlohmann::json object, std::string place, std::string prefix);

  nlohmann::json object_;
  std::string file_;
  std::string prefix_;  ///< "text_config." inside that part
};

}  // namespace promptbed
