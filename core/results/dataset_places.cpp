#include "results/dataset_places.h"

#include <promptbed/error.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "base/writer_lock.h"
#include "formats/json_object.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Paths by dataset and the hash of its split.
using Places = std::map<std::string, std::map<std::string, std::string>>;

Places read_places(const fs::path& file) {
  Places places;
  if (!fs::exists(file)) return places;
  JsonObject fields = JsonObject::read(file);
  for (const std::string& dataset : fields.keys()) places[dataset] = fields.text_map(dataset);
  return places;
}

/// The same, or none from a file that something else has damaged: the next sweeps fill it again.
Places readable_places(const fs::path& file) {
  try {
    return read_places(file);
  } catch (const Error&) {
    return {};
  }
}

enum class Known { replaced, kept };

void write_places(const fs::path& ledger, const std::vector<DatasetPlace>& places, Known known,
                  std::ostream& log) {
  if (places.empty()) return;
  const fs::path file = places_path(ledger);
  const auto with_all = [&](Places all) {
    for (const DatasetPlace& place : places) {
      if (printable(place.path.native()) != place.path.native()) continue;
      std::map<std::string, std::string>& of_dataset = all[place.dataset];
      if (known == Known::replaced) of_dataset.erase(place.split_hash);
      of_dataset.try_emplace(place.split_hash, place.path.native());
    }
    return all;
  };
  // Whoever adds nothing need not be able to write.
  if (const Places there = readable_places(file); with_all(there) == there) return tidy_after_killed(file);
  const WriterLock lock(file, log);
  write_file(file, nlohmann::json(with_all(readable_places(file))).dump(/*indent=*/1) + '\n');
}

}  // namespace

fs::path places_path(const fs::path& ledger) {
  return ledger.parent_path() / "datasets.json";
}

void keep_places(const fs::path& ledger, const std::vector<DatasetPlace>& places, std::ostream& log) {
  write_places(ledger, places, Known::replaced, log);
}

void add_places(const fs::path& ledger, const std::vector<DatasetPlace>& places, std::ostream& log) {
  write_places(ledger, places, Known::kept, log);
}

std::vector<DatasetPlace> all_places(const fs::path& ledger) {
  std::vector<DatasetPlace> all;
  for (const auto& [dataset, paths] : readable_places(places_path(ledger)))
    for (const auto& [split, path] : paths) all.push_back({dataset, split, path});
  return all;
}

std::optional<fs::path> find_place(const fs::path& ledger, const std::string& dataset,
                                   const std::string& split_hash) {
  const Places places = read_places(places_path(ledger));
  const auto found = places.find(dataset);
  if (found == places.end()) return std::nullopt;
  const auto place = found->second.find(split_hash);
  return place == found->second.end() ? std::nullopt : std::optional<fs::path>(place->second);
}

}  // namespace promptbed
