#include "formats/model_settings.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <utility>

#include "base/json.h"

namespace promptbed {

using nlohmann::json;

namespace {

bool is_same(const json& found, const json& expected) {
  if (found.is_number() && expected.is_number())
    return static_cast<float>(found.get<double>()) == static_cast<float>(expected.get<double>());
  return found == expected;
}

}  // namespace

ModelSettings::ModelSettings(json object, const std::string& file)
    : ModelSettings(std::move(object), file, "") {
  if (!object_.is_object())
    throw Error(fmt::format("{}: is no JSON object of settings; download the model again", file));
}

ModelSettings::ModelSettings(json object, std::string file, std::string prefix)
    : object_(std::move(object)), file_(std::move(file)), prefix_(std::move(prefix)) {}

bool ModelSettings::has(const std::string& key) const {
  return !value(key).is_null();
}

std::vector<std::string> ModelSettings::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object_.items()) keys.push_back(key);
  return keys;
}

bool ModelSettings::flag(const std::string& key, bool absent) const {
  const json found = value(key);
  if (found.is_null()) return absent;
  if (!found.is_boolean()) refuse(key, "give true or false, or download the model again");
  return found.get<bool>();
}

int64_t ModelSettings::whole(const std::string& key, int64_t absent) const {
  const json found = value(key);
  if (found.is_null()) return absent;
  const std::optional<int64_t> number = whole_number(found);
  if (!number) refuse(key, "give a whole number, or download the model again");
  return *number;
}

double ModelSettings::number(const std::string& key, double absent) const {
  const json found = value(key);
  if (found.is_null()) return absent;
  if (!found.is_number()) refuse(key, "give a number, or download the model again");
  return found.get<double>();
}

std::string ModelSettings::text(const std::string& key, const std::string& absent) const {
  const json found = value(key);
  if (found.is_null()) return absent;
  if (!found.is_string()) refuse(key, "give a text, or download the model again");
  return found.get<std::string>();
}

json ModelSettings::value(const std::string& key) const {
  const auto found = object_.find(key);
  return found == object_.end() ? json() : *found;
}

ModelSettings ModelSettings::part(const std::string& key) const {
  json found = value(key);
  if (found.is_null()) found = json::object();
  if (!found.is_object()) refuse(key, "it should be an object of settings; download the model again");
  return {std::move(found), file_, prefix_ + key + '.'};
}

void ModelSettings::require(const std::string& key, const json& expected) const {
  const json found = value(key);
  if (found.is_null() || is_same(found, expected)) return;
  throw Error(fmt::format("{}: {}{} is {} where a CLIP has {}; give a model of OpenAI's architecture", file_,
                          prefix_, key, found.dump(), expected.dump()));
}

void ModelSettings::refuse(const std::string& key, std::string_view why) const {
  throw Error(fmt::format("{}: {}{} is {}; {}", file_, prefix_, key, value(key).dump(), why));
}

}  // namespace promptbed
