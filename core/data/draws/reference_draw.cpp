#include "data/draws/reference_draw.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <regex>

#include "base/files.h"
#include "data/draws/drawn_images.h"
#include "formats/unpickler.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The value under a key of a dict; nullptr where there is none.
const PickleValue* value_at(const PickleValue& value, std::string_view key) {
  const auto* const dict = value.as<PickleDict>();
  if (dict == nullptr) return nullptr;
  for (const auto& [name, entry] : dict->entries) {
    const auto* const text = name->as<std::string>();
    if (text != nullptr && *text == key) return entry;
  }
  return nullptr;
}

/// The path of one of the reference's items: an object with a state of _impath, _label, _domain, _classname.
const std::string* path_of(const PickleValue& item) {
  const auto* const object = item.as<PickleObject>();
  if (object == nullptr || object->state == nullptr) return nullptr;
  const PickleValue* const path = value_at(*object->state, "_impath");
  return path == nullptr ? nullptr : path->as<std::string>();
}

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw Error(
      fmt::format("{}: {}; give a file that the reference wrote to split_fewshot", file.string(), what));
}

std::vector<std::string> paths_in(const PickleValue& root, const char* list, const fs::path& file) {
  const PickleValue* const value = value_at(root, list);
  if (value == nullptr) return {};
  const auto* const items = value->as<PickleList>();
  if (items == nullptr) fail(file, fmt::format("'{}' is no list", list));
  std::vector<std::string> paths;
  for (const PickleValue* item : items->items) {
    const std::string* const path = path_of(*item);
    if (path == nullptr) fail(file, fmt::format("item {} of '{}' has no path", paths.size(), list));
    paths.push_back(*path);
  }
  return paths;
}

}  // namespace

ReferenceDraw read_reference_draw(const fs::path& file) {
  const Pickle pickle = unpickle(read_file(file), file.string());
  ReferenceDraw draw;
  draw.train = paths_in(*pickle.root, "train", file);
  draw.val = paths_in(*pickle.root, "val", file);
  if (draw.train.empty()) fail(file, "holds no draw");
  static const std::regex kName("shot_(\\d{1,9})-seed_(\\d{1,9})");
  std::smatch parts;
  const std::string stem = file.stem().string();
  if (std::regex_match(stem, parts, kName)) {
    draw.shots = std::stoll(parts[1]);
    draw.seed = std::stoll(parts[2]);
  }
  return draw;
}

FewShotDraw find_reference_images(const ReferenceDraw& draw, const Split& split, const fs::path& file) {
  FewShotDraw found;
  DrawnImages train(split.train, "training", file), val(split.val, "validation", file);
  for (const std::string& path : draw.train) found.train.push_back(train.take_by_ending(path));
  if (!split.val.empty()) {
    for (const std::string& path : draw.val) found.val.push_back(val.take_by_ending(path));
  }
  check_drawn_classes(found.train, split, file);
  return found;
}

}  // namespace promptbed
