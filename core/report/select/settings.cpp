#include "report/select/settings.h"

#include <nlohmann/json.hpp>

namespace promptbed {

using nlohmann::json;

std::map<std::string, json> settings_of(const RunSpec& spec) {
  json canonical = spec.canonical();
  for (const char* name : {"model", "dataset", "split_hash", "prompt_template", "context_init", "classes",
                           "shots", "seed", "method"})
    canonical.erase(name);
  const json places = canonical.flatten();
  std::map<std::string, json> settings;
  for (const auto& [place, value] : places.items()) settings[place] = value;
  return settings;
}

std::string setting_name(std::string_view place) {
  return std::string(place.substr(place.rfind('/') + 1));
}

bool is_of_training(std::string_view place) {
  return place == "/views" || place == "/draw" || place.starts_with("/recipe");
}

}  // namespace promptbed
