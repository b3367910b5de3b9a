#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>

#include "data/layouts/own_splits.h"
#include "data/layouts/split_making.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr std::array kPictureEndings = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};
constexpr size_t kFewestToDivide = 4;

bool is_picture(const std::string& name) {
  std::string ending = fs::path(name).extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kPictureEndings, ending) != kPictureEndings.end();
}

/// Lists class folders and counts the files in them that are left out.
class ClassFolderReader {
 public:
  ClassFolderReader(fs::path root, FolderIndex& index) : root_(std::move(root)), index_(index) {}

  /// The pictures of every class folder in `part` ("" for the dataset's folder itself), by class.
  std::map<std::string, std::vector<std::string>> read(const std::string& part) {
    std::map<std::string, std::vector<std::string>> classes;
    for (const std::string& name : index_.list(root_ / part).folders)
      classes[name] = pictures_in(part.empty() ? name : part + '/' + name);
    return classes;
  }

  std::vector<std::string> notes() const {
    if (others_ == 0) return {};
    return {fmt::format("{}: {} files are no pictures by their names and are left out, first {}",
                        root_.string(), others_, first_other_)};
  }

 private:
  std::vector<std::string> pictures_in(const std::string& folder) {
    const FolderNames names = index_.list(root_ / folder);
    if (!names.folders.empty()) {
      throw Error(
          fmt::format("{}: is a folder within a class's folder; move its pictures up, or take it away",
                      (root_ / folder / names.folders.front()).string()));
    }
    std::vector<std::string> pictures;
    for (const std::string& name : names.files) {
      const std::string path = folder + '/' + name;
      if (is_picture(name)) {
        pictures.push_back(path);
      } else if (others_++ == 0) {
        first_other_ = path;
      }
    }
    return pictures;
  }

  fs::path root_;
  FolderIndex& index_;
  int64_t others_ = 0;
  std::string first_other_;
};

}  // namespace

Split read_own_classes_split(const fs::path& folder, FolderIndex& index) {
  ClassFolderReader reader(folder, index);
  std::vector<ClassImages> classes;
  for (auto& [name, pictures] : reader.read("")) {
    if (pictures.size() < kFewestToDivide) {
      throw Error(
          fmt::format("{}: has {} pictures (jpg, jpeg, png, webp, bmp); dividing a class into training, "
                      "validation and test takes {} or more: add "
                      "some, or take the folder away",
                      (folder / name).string(), pictures.size(), kFewestToDivide));
    }
    classes.push_back({static_cast<int64_t>(classes.size()), name, std::move(pictures)});
  }
  Split split = divide_classes(classes);
  split.notes = reader.notes();
  return split;
}

Split read_own_parts_split(const fs::path& folder, FolderIndex& index) {
  ClassFolderReader reader(folder, index);
  Split split;
  const std::array<std::pair<const char*, std::vector<Image>*>, 3> parts = {
      {{"train", &split.train}, {"val", &split.val}, {"test", &split.test}}};
  std::map<std::string, int64_t> labels;
  for (const auto& [part, images] : parts) {
    if (!fs::is_directory(folder / part)) continue;
    for (const auto& [name, pictures] : reader.read(part)) {
      for (const std::string& path : pictures) images->push_back({path, 0, name});
      if (!pictures.empty()) labels.emplace(name, 0);
    }
  }
  int64_t next = 0;
  for (auto& [name, label] : labels) label = next++;
  for (const auto& [part, images] : parts) {
    for (Image& image : *images) image.label = labels.at(image.class_name);
  }
  split.notes = reader.notes();
  return split;
}

}  // namespace promptbed
