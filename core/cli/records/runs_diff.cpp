#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/records/runs_commands.h"
#include "report/select/run_document.h"
#include "table/render.h"

namespace promptbed {
namespace {

using Json = nlohmann::ordered_json;

/// A value in which two runs differ.
struct Difference {
  std::string place;   ///< in a run's document, such as "spec.options.n_ctx"
  Json first, second;  ///< null if a run does not have it
};

/// Whether a value says when and where a run was made, which differs between any two.
bool is_incidental(const std::string& place) {
  constexpr const char* kIncidental[] = {"id",
                                         "attempts",
                                         "created",
                                         "ended",
                                         "owner",
                                         "prompt",
                                         "log",
                                         "execution.seconds",
                                         "epochs.seconds",
                                         "epochs.seconds_each",
                                         "execution.peak_memory_bytes"};
  return std::ranges::any_of(kIncidental, [&](const char* name) { return place == name; });
}

/// An object, or a list of objects such as a recipe's groups.
bool has_parts(const Json& value) {
  return value.is_object() || (value.is_array() && !value.empty() && value.front().is_object());
}

/// The parts by name, or by their number in the list.
std::map<std::string, Json> parts_of(const Json& value) {
  std::map<std::string, Json> parts;
  if (!has_parts(value)) return parts;
  for (const auto& [key, part] : value.items()) parts[key] = part;
  return parts;
}

/// Collects the differences below a place.
void compare(const std::string& place, const Json& first, const Json& second,
             std::vector<Difference>& found) {
  if (first == second || is_incidental(place)) return;
  if (!has_parts(first) && !has_parts(second)) {
    found.push_back({place, first, second});
    return;
  }
  auto parts = parts_of(first), others = parts_of(second);
  for (const auto& [key, part] : others) parts.try_emplace(key);
  for (const auto& [key, part] : parts)
    compare(place.empty() ? key : place + "." + key, part, others[key], found);
}

Cell cell_of(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.dump();
}

/// Second minus first, of numbers.
Cell change_of(const Difference& difference) {
  if (!difference.first.is_number() || !difference.second.is_number()) return "";
  return fmt::format("{:+.6g}", difference.second.get<double>() - difference.first.get<double>());
}

/// Whether a value is for programs: a list of numbers as wide as no terminal.
bool is_long(const Difference& difference) {
  return difference.place.ends_with(".confidence_bins");
}

std::string difference_text(std::vector<Difference> differences, const std::string& first,
                            const std::string& second) {
  std::erase_if(differences, is_long);
  Table table;
  table.title = differences.empty() ? fmt::format("runs {} and {} do not differ", first, second)
                                    : fmt::format("runs {} and {}", first, second);
  if (differences.empty()) return table.title + '\n';
  table.columns = {{"What", Alignment::left}, {first}, {second}, {"Change"}};
  for (const Difference& difference : differences)
    table.rows.push_back(
        {difference.place, cell_of(difference.first), cell_of(difference.second), change_of(difference)});
  return render_text(table, output_style());
}

std::string difference_json(const std::vector<Difference>& differences, const std::string& first,
                            const std::string& second) {
  Json json = {{"runs", {first, second}}, {"differences", Json::array()}};
  for (const Difference& difference : differences) {
    json["differences"].push_back(
        {{"what", difference.place}, {"first", difference.first}, {"second", difference.second}});
  }
  return json_text(json);
}

}  // namespace

int diff_runs(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner runs diff ID ID [OPTIONS]",
             .explanation =
                 "Prints what differs between two runs: settings, scores, how they were made. Times and\n"
                 "paths are left out; json has the bins of confidence, too.\n\n"
                 "  runner runs diff 4f1d 93ab",
             .options = {{"options", {text_or_json(), shared("db")}}},
             .takes_arguments = true});
  if (!values) return kAllDone;
  const bool json = values->one_of("format", kTextJson) == OutputFormat::json;
  const Arguments& ids = values->arguments();
  if (ids.size() != 2) throw Error("runner runs diff needs the ids of two runs (see runner runs list)");
  const Ledger ledger = open_ledger(*values);
  const RunRecord first = ledger.find(ids[0]), second = ledger.find(ids[1]);
  std::vector<Difference> differences;
  compare("", document_of(first, ledger), document_of(second, ledger), differences);
  fmt::print("{}", json ? difference_json(differences, first.id, second.id)
                        : printable_lines(difference_text(differences, first.id, second.id)));
  return kAllDone;
}

}  // namespace promptbed
