#include "report/grid/grid_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "table/table.h"

namespace promptbed {

std::string at_shots(const std::optional<int64_t>& shots) {
  return shots ? fmt::format(", {} shot{}", *shots, *shots == 1 ? "" : "s") : "";
}

std::string over_seeds(const std::vector<int64_t>& seeds, Spread spread) {
  if (seeds.empty()) return "";
  const char* kind = spread == Spread::none        ? ""
                     : spread == Spread::deviation ? " ± standard deviation"
                                                   : " ± 95 % interval";
  return fmt::format(", mean{} over seed{} {}", kind, seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "));
}

std::string of_seeds(const std::vector<int64_t>& seeds) {
  if (seeds.empty()) return "";
  return fmt::format(", seed{} {}", seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "));
}

bool lacks_seeds(const Accuracy& accuracy, const std::vector<int64_t>& seeds) {
  return accuracy.is_trained() && accuracy.seeds.size() < seeds.size();
}

std::vector<std::string> note_missing_datasets(const std::string& label,
                                               const std::vector<std::string>& missing, size_t datasets) {
  if (missing.empty()) return {};
  if (missing.size() == datasets) return {fmt::format("{}: no dataset to average over yet", label)};
  return {fmt::format("{} {}: average over {} of {} datasets, without {}", kIncompleteMark, label,
                      datasets - missing.size(), datasets, fmt::join(missing, ", "))};
}

std::vector<std::string> note_missing_seeds(const std::string& label,
                                            const std::vector<std::pair<std::string, const Accuracy*>>& found,
                                            const std::vector<int64_t>& seeds) {
  std::map<std::vector<int64_t>, std::vector<std::string>> places;
  for (const auto& [place, accuracy] : found) {
    if (lacks_seeds(*accuracy, seeds)) places[accuracy->seeds].push_back(place);
  }
  std::vector<std::string> notes;
  for (const auto& [own, names] : places) {
    notes.push_back(fmt::format("{} {}: seed{} {} of {} on {}", kIncompleteMark, label,
                                own.size() == 1 ? "" : "s", fmt::join(own, ", "), fmt::join(seeds, ", "),
                                fmt::join(names, ", ")));
  }
  return notes;
}

std::vector<std::string> note_refusals(const std::set<std::string>& reasons) {
  std::vector<std::string> notes;
  for (const std::string& reason : reasons) notes.push_back("cannot: " + reason);
  return notes;
}

std::vector<std::string> note_small_classes(const std::string& dataset, int64_t shots,
                                            const ShotRange& found) {
  if (found.least >= shots) return {};
  const std::string range = found.least == found.most ? fmt::format("{}", found.least)
                                                      : fmt::format("{} to {}", found.least, found.most);
  return {fmt::format("{}: {} of {} shots: classes with fewer training images", dataset, range, shots)};
}

void append(std::vector<std::string>& notes, const std::vector<std::string>& others) {
  for (const std::string& note : others) {
    if (std::ranges::count(notes, note) == 0) notes.push_back(note);
  }
}

}  // namespace promptbed
