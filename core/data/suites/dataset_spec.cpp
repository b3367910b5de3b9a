#include "data/suites/dataset_spec.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/suggestion.h"
#include "base/text.h"
#include "data/layouts/folder_index.h"
#include "data/layouts/own_folders.h"
#include "data/layouts/zhou_split.h"
#include "data/pictures/image_files.h"
#include "formats/json_object.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

template <class Value>
using Words = std::map<std::string, Value, std::less<>>;

const Words<SplitKind> kSplitKinds = {
    {"zhou", SplitKind::zhou},
    {"imagenet", SplitKind::imagenet},
    {"imagenetv2", SplitKind::imagenetv2},
    {"wordnet_folders", SplitKind::wordnet_folders},
    {"aircraft", SplitKind::aircraft},
};

const Words<SplitOrigin> kSplitOrigins = {
    {"class_folders", SplitOrigin::class_folders},
    {"pets", SplitOrigin::pets},
    {"cars", SplitOrigin::cars},
    {"flowers", SplitOrigin::flowers},
    {"sun397", SplitOrigin::sun397},
    {"ucf101", SplitOrigin::ucf101},
};

template <class Value>
Value read_word(JsonObject& fields, std::string_view key, const Words<Value>& words) {
  const std::string word = fields.text(key);
  const auto known = words.find(word);
  if (known != words.end()) return known->second;
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  throw Error(fields.fault(key, fmt::format("is '{}'; {}", word, remedy_for(word, names))));
}

fs::path read_inner_path(JsonObject& fields, std::string_view key) {
  const std::string path = fields.text(key);
  if (!is_inner_path(path)) throw Error(fields.fault(key, "must be a relative path without '..'"));
  return path;
}

SplitSource read_split_source(JsonObject fields) {
  SplitSource source;
  source.kind = read_word(fields, "kind", kSplitKinds);
  source.file = read_inner_path(fields, "file");
  if (fields.has("made_from")) source.origin = read_word(fields, "made_from", kSplitOrigins);
  if (fields.has("left_out")) source.left_out = fields.texts("left_out");
  fields.refuse_others();
  return source;
}

PublishedCounts read_published(JsonObject fields) {
  PublishedCounts counts{fields.count("classes"), fields.count("train"), fields.count("val"),
                         fields.count("test")};
  fields.refuse_others();
  return counts;
}

/// Template, context words, renames, citation and source, or their defaults.
void read_prompt_words(JsonObject& fields, DatasetSpec& spec) {
  spec.prompt_template = fields.text_or("template", kDefaultTemplate);
  check_template_text(spec.prompt_template, fields.place("template"));
  spec.context_init = fields.text_or("context_init", kDefaultContext);
  if (spec.context_init.find_first_not_of(" _") == std::string::npos)
    throw Error(fmt::format("{} has no word; give some, or leave it out", fields.place("context_init")));
  spec.renames = fields.text_map("renames");
  spec.citation = fields.text_or("citation", "");
  spec.source = fields.text_or("source", "");
}

constexpr std::array kManifests = {"manifest.csv", "manifest.jsonl"};
constexpr const char* kDescription = "dataset.json";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_part(const std::string& name) {
  return !part_named(name).empty();
}

/// Whether a file is called as CoOp calls its splits.
bool is_zhou_split(const std::string& file) {
  return file.starts_with("split_zhou_") && file.ends_with(".json");
}

/// The split in CoOp's form among a folder's files; "" if there is none. Throws Error if there are several.
std::string find_zhou_split(const fs::path& folder, const std::vector<std::string>& files) {
  const auto first = std::ranges::find_if(files, is_zhou_split);
  if (first == files.end()) return "";
  const auto second = std::find_if(first + 1, files.end(), is_zhou_split);
  if (second == files.end()) return *first;
  throw Error(fmt::format("{}: has several splits, {} and {}; name one, as {}", folder.string(), *first,
                          *second, (folder / *first).string()));
}

/// The folder beside a split in CoOp's form that its paths begin in: one that has the first image, or else
/// "images".
fs::path images_of_zhou_split(const fs::path& file) {
  const Split split = read_zhou_split(file);
  std::vector<std::string> places = {"images", "."};
  for (const std::string& name : FolderIndex().list(file.parent_path()).folders) places.push_back(name);
  for (const std::vector<Image>* images : {&split.train, &split.test}) {
    if (images->empty()) continue;
    const auto has_first = [&](const std::string& place) {
      return ImageFiles(file.parent_path() / place).have(images->front().path);
    };
    const auto found = std::ranges::find_if(places, has_first);
    if (found != places.end()) return *found;
  }
  return places.front();
}

SplitSource source_in_folder(const fs::path& folder) {
  FolderNames names = FolderIndex().list(folder);
  std::erase_if(names.folders, is_left_by_system);
  for (const char* manifest : kManifests) {
    if (contains(names.files, manifest)) return {.kind = SplitKind::own_manifest, .file = manifest};
  }
  if (const std::string split = find_zhou_split(folder, names.files); !split.empty())
    return {.kind = SplitKind::zhou, .file = split};
  if (names.folders.empty()) {
    throw Error(
        fmt::format("{}: holds no dataset; it needs class folders, train/ and test/ folders of these, a "
                    "manifest.csv or a "
                    "split_zhou_*.json (docs/datasets.md)",
                    folder.string()));
  }
  // A class may be called "train": these are parts only if there is nothing else.
  if (!std::ranges::all_of(names.folders, is_part)) return {.kind = SplitKind::own_classes};
  if (std::ranges::find(names.folders, "test", part_named) == names.folders.end()) {
    throw Error(
        fmt::format("{}: has no test folder; add one, or put the class folders here to have them divided",
                    folder.string()));
  }
  return {.kind = SplitKind::own_parts};
}

SplitSource source_named(const fs::path& file) {
  const auto kind = file.extension() == ".json" ? SplitKind::zhou : SplitKind::own_manifest;
  return {.kind = kind, .file = file.filename()};
}

void check_id(const std::string& id, const std::string& where) {
  check_name(id, where);
  if (id.empty() || id.find_first_of("/,") != std::string::npos || id.starts_with('.')) {
    throw Error(fmt::format(
        "{} '{}' cannot name a dataset: it may hold no slash or comma nor start with a dot; set \"id\" in {}",
        where, id, kDescription));
  }
}

}  // namespace

void check_template_text(std::string_view text, const std::string& where) {
  const size_t place = text.find("{}");
  if (place == std::string::npos || text.find("{}", place + 2) != std::string::npos)
    throw Error(fmt::format("{} must hold {{}} exactly once, for the class name", where));
}

DatasetSpec read_dataset_spec(const fs::path& file) {
  JsonObject fields = JsonObject::read(file);
  DatasetSpec spec;
  spec.id = fields.text("id");
  if (spec.id != file.stem().string())
    throw Error(fields.fault("id", fmt::format("is '{}'; it must equal the file's name", spec.id)));
  spec.title = fields.text("title");
  spec.folder = read_inner_path(fields, "folder");
  spec.images = read_inner_path(fields, "images");
  spec.split = read_split_source(fields.object("split"));
  fields.text("template");  // required here, unlike in a user's dataset.json
  read_prompt_words(fields, spec);
  if (fields.has("published")) spec.published = read_published(fields.object("published"));
  fields.refuse_others();
  return spec;
}

DatasetSpec read_own_dataset(const fs::path& path) {
  std::error_code failure;
  const fs::path place = fs::canonical(path, failure);
  const bool is_folder = fs::is_directory(place, failure);
  const bool may_be_read_again = is_folder || fs::is_regular_file(place, failure);
  if (!may_be_read_again && fs::exists(path)) {
    throw Error(fmt::format("{}: is a pipe or device; save it as a file, which later tests can read again",
                            path.string()));
  }
  if (!may_be_read_again)
    throw Error(fmt::format("{}: cannot be read ({}); check the path and its permissions", path.string(),
                            failure.message()));
  const bool is_named = !is_folder && !contains({kManifests.begin(), kManifests.end()}, place.filename()) &&
                        !is_zhou_split(place.filename());
  DatasetSpec spec;
  spec.folder = is_folder ? place : place.parent_path();
  spec.split = is_folder ? source_in_folder(place) : source_named(place);
  spec.images =
      spec.split.kind == SplitKind::zhou ? images_of_zhou_split(spec.folder / spec.split.file) : ".";
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
