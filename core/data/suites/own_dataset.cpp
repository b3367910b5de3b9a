#include "data/suites/own_dataset.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "data/layouts/folder_index.h"
#include "data/suites/prompt_words.h"
#include "formats/json_object.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr std::array kManifests = {"manifest.csv", "manifest.jsonl"};
constexpr std::array kParts = {"train", "val", "test"};
constexpr const char* kDescription = "dataset.json";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_part(const std::string& name) {
  return std::ranges::find(kParts, name) != kParts.end();
}

SplitSource source_in_folder(const fs::path& folder) {
  const FolderNames names = FolderIndex().list(folder);
  for (const char* manifest : kManifests) {
    if (contains(names.files, manifest)) return {.kind = SplitKind::own_manifest, .file = manifest};
  }
  if (names.folders.empty()) {
    throw Error(fmt::format(
        "{}: holds no dataset; it takes class folders, train/ and test/ folders of these, or a manifest.csv "
        "(docs/datasets.md)",
        folder.string()));
  }
  // A class may be called "train": only where there is nothing else are these the parts.
  if (!std::ranges::all_of(names.folders, is_part)) return {.kind = SplitKind::own_classes};
  if (!contains(names.folders, "test")) {
    throw Error(fmt::format(
        "{}: has no test folder; add one, or put the class folders there themselves and they are divided",
        folder.string()));
  }
  return {.kind = SplitKind::own_parts};
}

void check_id(const std::string& id, const std::string& where) {
  if (id.empty() || id.find_first_of("/,") != std::string::npos || id.starts_with('.')) {
    throw Error(
        fmt::format("{} '{}' cannot name a dataset: no slash, comma or dot in front; give an \"id\" in {}",
                    where, id, kDescription));
  }
}

}  // namespace

DatasetSpec read_own_dataset(const fs::path& path) {
  const fs::path place = fs::canonical(path);
  const bool is_folder = fs::is_directory(place);
  const bool is_named = !is_folder && !contains({kManifests.begin(), kManifests.end()}, place.filename());
  DatasetSpec spec;
  spec.folder = is_folder ? place : place.parent_path();
  spec.images = ".";
  spec.split = is_folder ? source_in_folder(place)
                         : SplitSource{.kind = SplitKind::own_manifest, .file = place.filename()};
  spec.id = is_named ? place.stem().string() : spec.folder.filename().string();
  spec.prompt_template = kDefaultTemplate;
  spec.context_init = kDefaultContext;

  const fs::path description = spec.folder / kDescription;
  if (fs::exists(description)) {
    JsonObject fields = JsonObject::read(description);
    spec.id = fields.text_or("id", spec.id);
    spec.title = fields.text_or("title", spec.id);
    read_prompt_words(fields, spec);
    fields.refuse_others();
  }
  check_id(spec.id, fs::exists(description) ? description.string() + ": id" : path.string() + ": the name");
  if (spec.title.empty()) spec.title = spec.id;
  return spec;
}

}  // namespace promptbed
