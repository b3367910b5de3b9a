#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

/// Where datasets of users' own lay when runs were made on them, so that a prompt can be tested again from
/// any folder: datasets.json beside the ledger. No number depends on it, and a run has the same id wherever
/// its images are.
namespace promptbed {

struct DatasetPlace {
  std::string dataset;         ///< its id
  std::string split_hash;      ///< tells datasets of one name apart
  std::filesystem::path path;  ///< absolute: its folder, manifest or split, as it may be named
};

/// datasets.json beside the ledger.
std::filesystem::path places_path(const std::filesystem::path& ledger);

/// Adds the places, or replaces those of the same datasets. A path that JSON cannot hold is not kept. Waits
/// for other processes that do the same, and says so on `log`. Throws Error if the file cannot be written.
void keep_places(const std::filesystem::path& ledger, const std::vector<DatasetPlace>& places,
                 std::ostream& log);

/// The same, but replaces none.
void add_places(const std::filesystem::path& ledger, const std::vector<DatasetPlace>& places,
                std::ostream& log);

/// All that are known beside a ledger; none of a file that is damaged.
std::vector<DatasetPlace> all_places(const std::filesystem::path& ledger);

/// Where a dataset lay last; nothing if that is not known. Throws Error if the file is not what keep_places
/// writes.
std::optional<std::filesystem::path> find_place(const std::filesystem::path& ledger,
                                                const std::string& dataset, const std::string& split_hash);

}  // namespace promptbed
