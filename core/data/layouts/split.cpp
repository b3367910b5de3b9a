#include "data/layouts/split.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The checks of check_split. Errors name `file`.
class SplitCheck {
 public:
  SplitCheck(Split& split, fs::path file)
      : file_(std::move(file)),
        split_(split),
        lists_({{{"train", &split.train}, {"val", &split.val}, {"test", &split.test}}}) {}

  void paths() const {
    const std::string image_of_file = file_.string() + ": image";
    for (const auto& [list, images] : lists_) {
      for (const Image& image : *images) {
        check_name(image.path, image_of_file);
        if (!is_inner_path(image.path))
          fail("'{}' in '{}' leaves the dataset's image folder; fix the path", image.path, list);
      }
    }
  }

  /// Labels are 0..K-1, each with one name. Fills in the class names.
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
    if (names.empty()) fail("lists no images; add some");
    if (names.begin()->first < 0)
      fail("class '{}' has label {}; labels start at 0", names.begin()->second, names.begin()->first);
    split_.class_names.clear();
    for (const auto& [label, name] : names) {
      check_class_name(name, file_.string() + ": class");
      const auto expected = static_cast<int64_t>(split_.class_names.size());
      if (label != expected)
        fail("label {} has no images; number the {} classes from 0 without gaps", expected, names.size());
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
    std::vector<bool> seen(split_.class_names.size());
    for (const Image& image : images) seen[static_cast<size_t>(image.label)] = true;
    for (size_t label = 0; label < seen.size(); ++label) {
      if (!seen[label])
        fail("class '{}' (label {}) has no {} images; add some or remove the class",
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

void check_split(Split& split, const fs::path& file) {
  SplitCheck check(split, file);
  check.paths();
  check.labels();
  check.classes_are_covered();
}

}  // namespace promptbed
