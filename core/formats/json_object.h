#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// A JSON object whose keys are read one by one, each with its type. Every fault is an Error naming the file
/// and the key.
///
///     JsonObject fields = JsonObject::read("datasets/paper/dtd.json");
///     std::string id = fields.text("id");
///     fields.refuse_others();
class JsonObject {
 public:
  /// The object in a file.
  static JsonObject read(const std::filesystem::path& path);

  /// The object in the text of a file that a user names, which may be a pipe.
  static JsonObject read_given(const std::filesystem::path& path);

  /// Whether there is such a key.
  bool has(std::string_view key) { return find(key) != nullptr; }

  /// Whether there is such a key and its value is an object.
  bool is_object(std::string_view key);

  /// All keys, sorted.
  std::vector<std::string> keys() const;

  /// A text, which must be present and not empty.
  std::string text(std::string_view key);

  /// A text, or `absent`.
  std::string text_or(std::string_view key, std::string_view absent);

  /// A list of at least one text.
  std::vector<std::string> texts(std::string_view key);

  /// Text to text; empty if the key is absent.
  std::map<std::string, std::string> text_map(std::string_view key);

  /// A whole number >= 0, or nothing if the key is absent.
  std::optional<int64_t> count(std::string_view key);

  /// An object within this one.
  JsonObject object(std::string_view key);

  /// Throws Error for a key that was never asked for, listing those that were.
  void refuse_others() const;

  /// A key's place: "FILE: 'key'".
  std::string place(std::string_view key) const;

  /// An error message about one key: "FILE: 'key' <what>".
  std::string fault(std::string_view key, std::string_view what) const;

 private:
  static JsonObject of(nlohmann::json value, const std::filesystem::path& path);
  JsonObject(nlohmann::json value, std::filesystem::path file, std::string prefix);
  const nlohmann::json* find(std::string_view key);
  const nlohmann::json& at(std::string_view key);

  nlohmann::json value_;
  std::filesystem::path file_;
  std::string prefix_;  ///< "split." inside the object "split"
  std::set<std::string, std::less<>> asked_;
};

}  // namespace promptbed
