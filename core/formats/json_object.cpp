#include "formats/json_object.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <utility>

#include "base/input_file.h"
#include "base/json.h"
#include "base/suggestion.h"

namespace promptbed {

JsonObject::JsonObject(nlohmann::json value, std::filesystem::path file, std::string prefix)
    : value_(std::move(value)), file_(std::move(file)), prefix_(std::move(prefix)) {}

JsonObject JsonObject::read(const std::filesystem::path& path) {
  return of(read_json(path), path);
}

JsonObject JsonObject::read_given(const std::filesystem::path& path) {
  return of(parse_json(read_given_text(path), path.string()), path);
}

JsonObject JsonObject::of(nlohmann::json value, const std::filesystem::path& path) {
  if (!value.is_object()) throw Error(fmt::format("{}: must hold a JSON object {{...}}", path.string()));
  return JsonObject(std::move(value), path, "");
}

bool JsonObject::is_object(std::string_view key) {
  const nlohmann::json* value = find(key);
  return value != nullptr && value->is_object();
}

std::vector<std::string> JsonObject::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : value_.items()) keys.push_back(key);
  return keys;
}

std::string JsonObject::text(std::string_view key) {
  const nlohmann::json& value = at(key);
  if (!value.is_string() || value.get_ref<const std::string&>().empty())
    throw Error(fault(key, "must be a text that is not empty"));
  return value.get<std::string>();
}

std::string JsonObject::text_or(std::string_view key, std::string_view absent) {
  return find(key) == nullptr ? std::string(absent) : text(key);
}

std::vector<std::string> JsonObject::texts(std::string_view key) {
  const nlohmann::json& list = at(key);
  bool good = list.is_array() && !list.empty();
  if (good) {
    for (const nlohmann::json& entry : list) good = good && entry.is_string();
  }
  if (!good) throw Error(fault(key, "must be a list of at least one text"));
  return list.get<std::vector<std::string>>();
}

std::map<std::string, std::string> JsonObject::text_map(std::string_view key) {
  const nlohmann::json* map = find(key);
  if (map == nullptr) return {};
  bool good = map->is_object();
  if (good) {
    for (const nlohmann::json& entry : *map) good = good && entry.is_string();
  }
  if (!good) throw Error(fault(key, "must be an object of texts"));
  return map->get<std::map<std::string, std::string>>();
}

std::optional<int64_t> JsonObject::count(std::string_view key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<int64_t> count = whole_number(*value);
  if (!count || *count < 0) throw Error(fault(key, "must be a whole number, 0 or more"));
  return count;
}

JsonObject JsonObject::object(std::string_view key) {
  const nlohmann::json& value = at(key);
  if (!value.is_object()) throw Error(fault(key, "must be an object {...}"));
  return JsonObject(value, file_, fmt::format("{}{}.", prefix_, key));
}

void JsonObject::refuse_others() const {
  for (const auto& [key, value] : value_.items()) {
    if (!asked_.contains(key))
      throw Error(
          fault(key, fmt::format("is an unknown key; {}", remedy_for(key, {asked_.begin(), asked_.end()}))));
  }
}

std::string JsonObject::place(std::string_view key) const {
  return fmt::format("{}: '{}{}'", file_.string(), prefix_, key);
}

std::string JsonObject::fault(std::string_view key, std::string_view what) const {
  return fmt::format("{} {}", place(key), what);
}

const nlohmann::json* JsonObject::find(std::string_view key) {
  asked_.emplace(key);
  const auto place = value_.find(key);
  return place == value_.end() ? nullptr : &*place;
}

const nlohmann::json& JsonObject::at(std::string_view key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) throw Error(fault(key, "is missing; add it"));
  return *value;
}

}  // namespace promptbed
