#include "report/select/report_query.h"

#include <nlohmann/json.hpp>

namespace promptbed {

nlohmann::json to_json(const ReportQuery& query) {
  nlohmann::json json = nlohmann::json::object();
  const auto add = [&](const char* name, const auto& value) {
    if (!value.empty()) json[name] = value;
  };
  add("methods", query.methods);
  add("datasets", query.datasets);
  add("shots", query.shots);
  add("seeds", query.seeds);
  add("model", query.model);
  add("source", query.source);
  for (const Condition& condition : query.where) json["where"].push_back(condition.text());
  return json;
}

}  // namespace promptbed
