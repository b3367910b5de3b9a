#include "data/suites/dataset_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <string_view>

#include "data/layouts/inner_path.h"
#include "data/suites/prompt_words.h"
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
  std::vector<std::string_view> names;
  for (const auto& [name, value] : words) names.push_back(name);
  throw Error(fields.fault(key, fmt::format("is '{}'; known are {}", word, fmt::join(names, ", "))));
}

fs::path read_inner_path(JsonObject& fields, std::string_view key) {
  const std::string path = fields.text(key);
  if (!is_inner_path(path)) throw Error(fields.fault(key, "has to be a relative path without '..'"));
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

}  // namespace

DatasetSpec read_dataset_spec(const fs::path& file) {
  JsonObject fields = JsonObject::read(file);
  DatasetSpec spec;
  spec.id = fields.text("id");
  if (spec.id != file.stem().string())
    throw Error(fields.fault("id", fmt::format("is '{}'; it has to equal the file's name", spec.id)));
  spec.title = fields.text("title");
  spec.folder = read_inner_path(fields, "folder");
  spec.images = read_inner_path(fields, "images");
  spec.split = read_split_source(fields.object("split"));
  fields.text("template");  // has to be there
  read_prompt_words(fields, spec);
  if (fields.has("published")) spec.published = read_published(fields.object("published"));
  fields.refuse_others();
  return spec;
}

}  // namespace promptbed
