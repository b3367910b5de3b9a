#include "data/split.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "data/inner_path.h"
#include "data/split_layouts.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

Split read_layout(const DatasetSpec& spec, const fs::path& folder) {
  switch (spec.split.kind) {
    case SplitKind::zhou:
      return read_zhou_split(spec, folder);
    case SplitKind::imagenet:
      return read_imagenet_split(spec, folder);
    case SplitKind::aircraft:
      return read_aircraft_split(spec, folder);
  }
  std::abort();
}

/// Checks a split of one dataset; its faults name `file`.
class SplitCheck {
 public:
  SplitCheck(Split& split, fs::path file)
      : file_(std::move(file)),
        split_(split),
        lists_({{{"train", &split.train}, {"val", &split.val}, {"test", &split.test}}}) {}

  void paths() const {
    for (const auto& [list, images] : lists_) {
      for (const Image& image : *images) {
        if (!is_inner_path(image.path))
          fail("'{}' in '{}' leaves the dataset's image folder; mend the path", image.path, list);
      }
    }
  }

  /// Labels are 0..K-1, each with one name; fills in the class names.
  void labels() {
    std::map<int64_t, std::string> names;
    for (const auto& [list, images] : lists_) {
      for (const Image& image : *images) {
        const auto known = names.emplace(image.label, image.class_name).first;
        if (known->second != image.class_name)
          fail("label {} has two names, '{}' and '{}'; give it one", image.label, known->second,
               image.class_name);
      }
    }
    if (names.empty()) fail("names no images; give the split some");
    if (names.begin()->first < 0)
      fail("class '{}' has label {}; labels start at 0", names.begin()->second, names.begin()->first);
    split_.class_names.clear();
    for (const auto& [label, name] : names) {
      const auto expected = static_cast<int64_t>(split_.class_names.size());
      if (label != expected)
        fail("label {} has no images; number the {} classes from 0 without holes", expected, names.size());
      split_.class_names.push_back(name);
    }
  }

  /// Every class can be tested, and trained unless none can.
  void classes_are_covered() const {
    if (!split_.train.empty()) covered(split_.train, "training");
    covered(split_.test, "test");
  }

 private:
  void covered(const std::vector<Image>& images, const char* purpose) const {
    std::set<int64_t> seen;
    for (const Image& image : images) seen.insert(image.label);
    for (size_t label = 0; label < split_.class_names.size(); ++label) {
      if (!seen.contains(static_cast<int64_t>(label)))
        fail("class '{}' (label {}) has no {} images; add some or take the class out",
             split_.class_names[label], label, purpose);
    }
  }

  template <class... Parts>
  [[noreturn]] void fail(fmt::format_string<Parts...> what, Parts&&... parts) const {
    throw Error(fmt::format("{}: {}", file_.string(), fmt::format(what, std::forward<Parts>(parts)...)));
  }

  fs::path file_;
  Split& split_;
  std::array<std::pair<const char*, std::vector<Image>*>, 3> lists_;
};

void rename_classes(std::vector<Image>& images, const std::map<std::string, std::string>& renames) {
  for (Image& image : images) {
    const auto renamed = renames.find(image.class_name);
    if (renamed != renames.end()) image.class_name = renamed->second;
  }
}

}  // namespace

std::string Split::hash() const {
  Hasher hasher;
  for (const std::vector<Image>* images : {&train, &val, &test}) {
    hasher.add(static_cast<int64_t>(images->size()));
    for (const Image& image : *images) hasher.add(image.path).add(image.label);
  }
  for (const std::string& name : class_names) hasher.add(name);
  return hasher.hex();
}

Split read_split(const DatasetSpec& spec, const fs::path& data_root) {
  const fs::path folder = data_root / spec.folder;
  if (!fs::is_directory(data_root))
    throw Error(fmt::format("{}: no such data folder; give the folder of the datasets with --data",
                            data_root.string()));
  if (!fs::is_directory(folder)) {
    throw Error(fmt::format("{}: no such folder; put dataset '{}' there, or leave it out with --datasets",
                            folder.string(), spec.id));
  }
  Split split = read_layout(spec, folder);
  for (std::vector<Image>* images : {&split.train, &split.val, &split.test})
    rename_classes(*images, spec.renames);
  SplitCheck check(split, folder / spec.split.file);
  check.paths();
  check.labels();
  check.classes_are_covered();
  return split;
}

fs::path image_path(const DatasetSpec& spec, const fs::path& data_root, const Image& image) {
  return (data_root / spec.folder / spec.images / image.path).lexically_normal();
}

}  // namespace promptbed
