#include <fmt/format.h>
#include <promptbed/error.h>

#include <cstdlib>
#include <iterator>
#include <set>
#include <utility>

#include "base/suggestion.h"
#include "data/layouts/cache_file.h"
#include "data/layouts/layouts.h"
#include "data/layouts/zhou_split.h"
#include "data/suites/given_names.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

Split read_origin(const DatasetSpec& spec, const fs::path& folder, FolderIndex& index) {
  switch (spec.split.origin) {
    case SplitOrigin::none:
      break;
    case SplitOrigin::class_folders:
      return split_class_folders(spec, folder, index);
    case SplitOrigin::pets:
      return split_pets(spec, folder);
    case SplitOrigin::cars:
      return split_cars(spec, folder);
    case SplitOrigin::flowers:
      return split_flowers(spec, folder);
    case SplitOrigin::sun397:
      return split_sun397(spec, folder);
    case SplitOrigin::ucf101:
      return split_ucf101(spec, folder);
  }
  std::abort();
}

/// Throws Error for a rename of a class that is not there. A suite's files may have the new name already.
void check_renames(const Split& split, const DatasetSpec& spec, const fs::path& folder) {
  if (spec.renames.empty()) return;
  std::set<std::string> names;
  for (const std::vector<Image>* images : {&split.train, &split.val, &split.test}) {
    for (const Image& image : *images) names.insert(image.class_name);
  }
  for (const auto& [old_name, new_name] : spec.renames) {
    if (names.contains(old_name) || (!spec.is_own() && names.contains(new_name))) continue;
    const std::string near = did_you_mean(old_name, {names.begin(), names.end()});
    throw Error(fmt::format("{}: 'renames': no class is called '{}'; {}",
                            spec.is_own() ? (folder / "dataset.json").string() : spec.id, old_name,
                            near.empty() ? "runner datasets show lists the names" : near));
  }
}

void rename_classes(Split& split, const std::map<std::string, std::string>& renames) {
  if (renames.empty()) return;
  for (std::vector<Image>* images : {&split.train, &split.val, &split.test}) {
    for (Image& image : *images) {
      const auto renamed = renames.find(image.class_name);
      if (renamed != renames.end()) image.class_name = renamed->second;
    }
  }
}

/// The split made from the dataset's official files, with its classes renamed.
Split make_split(const DatasetSpec& spec, const fs::path& folder, const fs::path& file, FolderIndex& index) {
  if (spec.split.origin == SplitOrigin::none) {
    throw Error(
        fmt::format("{}: no such split file; put {}'s split there, or leave the dataset out of --datasets",
                    file.string(), spec.title));
  }
  try {
    Split split = read_origin(spec, folder, index);
    rename_classes(split, spec.renames);
    check_split(split, folder);
    return split;
  } catch (const Error& fault) {
    throw Error(fmt::format("{}: is missing and cannot be made: {}", file.string(), fault.what()));
  }
}

/// Saves a made split where it will be looked for: in the dataset's folder, or in the cache if that cannot be
/// written. Returns a note about it.
std::string keep_made_split(const Split& split, const fs::path& file, const fs::path& cached) {
  const std::string made =
      fmt::format("{}: was missing; the split was made as the reference makes it", file.string());
  try {
    write_zhou_split(file, split);
    return made + ", and saved there";
  } catch (const Error&) {
    // The user's data may be write-protected.
  }
  if (cached.empty()) return made + ", but not saved";
  write_zhou_split(cached, split);
  return fmt::format("{}, and saved as {}", made, cached.string());
}

Split read_zhou_or_make(const DatasetSpec& spec, const fs::path& folder, const fs::path& cache,
                        FolderIndex& index) {
  const fs::path file = folder / spec.split.file;
  if (fs::exists(file)) return read_zhou_split(file);
  const fs::path cached = cache_file(cache, "splits", spec.id, folder, ".json");
  if (!cached.empty() && fs::exists(cached)) return read_zhou_split(cached);
  Split split = make_split(spec, folder, file, index);
  split.notes = {keep_made_split(split, file, cached)};
  return split;
}

Split read_layout(const DatasetSpec& spec, const fs::path& folder, const fs::path& cache,
                  FolderIndex& index) {
  switch (spec.split.kind) {
    case SplitKind::zhou:
      return read_zhou_or_make(spec, folder, cache, index);
    case SplitKind::imagenet:
      return read_imagenet_split(spec, folder, index);
    case SplitKind::imagenetv2:
      return read_imagenetv2_split(spec, folder, index);
    case SplitKind::wordnet_folders:
      return read_wordnet_folders_split(spec, folder, index);
    case SplitKind::aircraft:
      return read_aircraft_split(spec, folder);
    case SplitKind::own_classes:
      return read_own_classes_split(folder, index);
    case SplitKind::own_parts:
      return read_own_parts_split(folder, index);
    case SplitKind::own_manifest:
      return read_own_manifest_split(folder / spec.split.file);
  }
  std::abort();
}

/// In a cache that only others may write, or whose drive has no locks, the next process lists the folders
/// again.
void remember(FolderIndex& index) {
  try {
    index.save();
  } catch (const Error&) {
  }
}

void check_folders(const DatasetSpec& spec, const fs::path& data_root, const fs::path& folder) {
  if (!spec.is_own() && !fs::is_directory(data_root))
    throw Error(fmt::format("{}: no such data folder; give the folder of the datasets with --data",
                            data_root.string()));
  if (!fs::is_directory(folder)) {
    throw Error(fmt::format("{}: no such folder; put dataset '{}' there, or leave it out of --datasets",
                            folder.string(), spec.id));
  }
}

}  // namespace

std::vector<fs::path> split_files(const SplitSource& source) {
  switch (source.kind) {
    case SplitKind::zhou:
    case SplitKind::own_manifest:
      return {source.file};
    case SplitKind::aircraft: {
      std::vector<fs::path> files = {source.file};
      files.insert(files.end(), std::begin(kAircraftLists), std::end(kAircraftLists));
      return files;
    }
    case SplitKind::imagenet:
    case SplitKind::imagenetv2:
    case SplitKind::wordnet_folders:
    case SplitKind::own_classes:
    case SplitKind::own_parts:
      break;
  }
  return {};
}

Split read_split(const DatasetSpec& spec, const fs::path& data_root, const fs::path& cache) {
  const fs::path folder = data_root / spec.folder;
  check_folders(spec, data_root, folder);
  FolderIndex index(cache_file(cache, "folders", spec.id, folder, ".idx"));
  Split split = read_layout(spec, folder, cache, index);
  remember(index);
  check_renames(split, spec, folder);
  rename_classes(split, spec.renames);
  const fs::path file = spec.split.file.empty() ? folder : folder / spec.split.file;
  check_split(split, file);
  give_names(split, spec.given_names);
  note_shared_names(split, file);
  return split;
}

}  // namespace promptbed
