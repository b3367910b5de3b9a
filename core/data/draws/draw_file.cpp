#include "data/draws/draw_file.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/files.h"
#include "base/input_file.h"
#include "base/json.h"
#include "data/layouts/zhou_split.h"
#include "formats/pickle.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Takes images out of one list of a split, by path, each at most once.
class DrawnImages {
 public:
  /// `what` names the list's purpose, such as "training". The images must outlive this.
  DrawnImages(const std::vector<Image>& images, const char* what, fs::path file)
      : what_(what), file_(std::move(file)) {
    by_path_.reserve(images.size());
    for (const Image& image : images) by_path_.emplace(image.path, &image);
  }

  const Image& take(std::string_view path) {
    const auto found = by_path_.find(path);
    return take(found == by_path_.end() ? nullptr : found->second, path);
  }

  /// The same for an absolute path of some machine: takes the image whose path is its longest ending.
  const Image& take_by_ending(std::string_view path) {
    for (std::string_view ending = path;;) {
      const auto found = by_path_.find(ending);
      if (found != by_path_.end()) return take(found->second, path);
      const size_t slash = ending.find('/');
      if (slash == std::string_view::npos) return take(nullptr, path);
      ending.remove_prefix(slash + 1);
    }
  }

 private:
  const Image& take(const Image* image, std::string_view path) {
    if (image == nullptr) {
      throw Error(fmt::format(
          "{}: '{}' is not a {} image of the dataset's split; give the split that it was drawn from",
          file_.string(), path, what_));
    }
    if (!taken_.insert(image).second)
      throw Error(fmt::format("{}: has '{}' twice; remove one", file_.string(), image->path));
    return *image;
  }

  std::unordered_map<std::string_view, const Image*> by_path_;
  std::unordered_set<const Image*> taken_;
  const char* what_;
  fs::path file_;
};

/// Throws Error for a class of the split without an image in the list.
void check_drawn_classes(const std::vector<Image>& train, const Split& split, const fs::path& file) {
  std::vector<bool> drawn(split.class_names.size());
  for (const Image& image : train) drawn[static_cast<size_t>(image.label)] = true;
  for (size_t label = 0; label < drawn.size(); ++label) {
    if (!drawn[label])
      throw Error(
          fmt::format("{}: has no training image of class '{}' (label {}); a draw must cover all classes",
                      file.string(), split.class_names[label], label));
  }
}

/// The value of a key; nullptr if there is none or this is not a dict.
const PickleValue* value_at(const PickleValue& value, std::string_view key) {
  const PickleEntries* const entries = entries_of(value);
  return entries == nullptr ? nullptr : find_entry(*entries, key);
}

/// The path of one of the reference's items: objects whose state has _impath, _label, _domain, _classname.
const std::string* path_of(const PickleValue& item) {
  const auto* const object = item.as<PickleObject>();
  if (object == nullptr || object->state == nullptr) return nullptr;
  const PickleValue* const path = value_at(*object->state, "_impath");
  return path == nullptr ? nullptr : path->as<std::string>();
}

/// What a draw's file says of changes.
DrawChanges changes_in(const nlohmann::json& json, const fs::path& file) {
  DrawChanges changes;
  if (const auto noise = json.find("label_noise"); noise != json.end()) {
    changes.noise = parse_label_noise(noise->is_string() ? noise->get<std::string>() : noise->dump(),
                                      fmt::format("{}: label_noise", file.string()));
  }
  if (const auto ratio = json.find("imbalance"); ratio != json.end()) {
    changes.imbalance = ratio->is_number() ? ratio->get<double>() : 0;
    check_imbalance(changes.imbalance, fmt::format("{}: imbalance", file.string()));
  }
  return changes;
}

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw Error(
      fmt::format("{}: {}; give a file from the reference's split_fewshot folder", file.string(), what));
}

std::vector<std::string> paths_in(const PickleValue& root, const char* list, const fs::path& file) {
  const PickleValue* const value = value_at(root, list);
  if (value == nullptr) return {};
  const auto* const items = value->as<PickleList>();
  if (items == nullptr) fail(file, fmt::format("'{}' is not a list", list));
  std::vector<std::string> paths;
  for (const PickleValue* item : items->items) {
    const std::string* const path = path_of(*item);
    if (path == nullptr) fail(file, fmt::format("item {} of '{}' has no path", paths.size(), list));
    paths.push_back(*path);
  }
  return paths;
}

}  // namespace

std::string draw_text(const StoredDraw& draw) {
  nlohmann::ordered_json json = {{"dataset", draw.dataset}, {"shots", draw.shots}, {"seed", draw.seed}};
  if (draw.changes.imbalance != 1) json["imbalance"] = draw.changes.imbalance;
  if (draw.changes.noise) json["label_noise"] = to_string(*draw.changes.noise);
  json["train"] = image_list(draw.draw.train);
  json["val"] = image_list(draw.draw.val);
  for (const Flip& flip : draw.flips)
    json["flipped"].push_back({draw.draw.train[flip.place].path, flip.label});
  return json.dump(/*indent=*/1) + '\n';
}

StoredDraw read_draw(const fs::path& file) {
  const nlohmann::json json = parse_json(read_given_text(file), file.string());
  const auto has = [&](const char* key, auto right) { return json.contains(key) && right(json[key]); };
  const auto is_count = [](const nlohmann::json& value) { return whole_number(value).value_or(-1) >= 0; };
  if (!json.is_object() || !has("dataset", [](const auto& value) { return value.is_string(); }) ||
      !has("shots", is_count) || !has("seed", is_count)) {
    throw Error(fmt::format("{}: is not a draw; `runner datasets draw` and `import-draw` write such files",
                            file.string()));
  }
  StoredDraw draw;
  json["dataset"].get_to(draw.dataset);
  json["shots"].get_to(draw.shots);
  json["seed"].get_to(draw.seed);
  draw.changes = changes_in(json, file);
  draw.draw.train = read_image_list(json, "train", file);
  draw.draw.val = read_image_list(json, "val", file);
  return draw;
}

FewShotDraw find_drawn_images(const FewShotDraw& draw, const Split& split, const fs::path& file) {
  FewShotDraw found;
  DrawnImages train(split.train, "training", file), val(split.val, "validation", file);
  for (const Image& image : draw.train) found.train.push_back(train.take(image.path));
  // Taken from the same list, no image is both.
  DrawnImages& validated = split.val.empty() ? train : val;
  for (const Image& image : draw.val) found.val.push_back(validated.take(image.path));
  check_drawn_classes(found.train, split, file);
  return found;
}

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
