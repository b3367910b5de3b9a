#include "data/suites/verification.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/ahead.h"
#include "base/hash.h"
#include "base/progress.h"
#include "base/signals.h"

namespace promptbed {
namespace {

constexpr std::array<std::pair<FindingKind, std::string_view>, 6> kKinds = {
    {{FindingKind::count, "count"},
     {FindingKind::missing, "missing"},
     {FindingKind::unreadable, "unreadable"},
     {FindingKind::listed_twice, "listed twice"},
     {FindingKind::same_contents, "same contents"},
     {FindingKind::leaked, "leaked"}}};

constexpr size_t kAhead = 4;  ///< images per thread that may wait for a slower one

/// An image of the split, and in which of its lists it is.
struct Listed {
  const std::string* path;
  std::string_view list;
};

/// The result of checking one file.
struct Look {
  std::optional<Finding> fault;
  uint64_t contents = 0;  ///< a hash; set if files are read and there is no fault
};

Look look_at(const ImageFiles& files, const std::string& path, bool read) {
  if (!files.have(path)) return {Finding{FindingKind::missing, fmt::format("{} is missing", path)}};
  if (!read) return {};
  try {
    const std::string contents = files.read(path);
    decode_picture(contents, path);
    return {std::nullopt, Hasher().add(std::string_view(contents)).low64()};
  } catch (const Error& fault) {
    return {Finding{FindingKind::unreadable, fault.what()}};
  }
}

/// Whether the same image in these two lists gives a test image away.
bool leaks(std::string_view one, std::string_view other) {
  return (one == "test") != (other == "test");
}

class Verifier {
 public:
  Verifier(const DatasetSpec& spec, const Split& split) : spec_(spec), split_(split) {
    result_.classes = static_cast<int64_t>(split.class_names.size());
    result_.train = static_cast<int64_t>(split.train.size());
    result_.val = static_cast<int64_t>(split.val.size());
    result_.test = static_cast<int64_t>(split.test.size());
  }

  void compare_counts() {
    const PublishedCounts& published = spec_.published;
    compare_count("classes", result_.classes, published.classes);
    compare_count("training images", result_.train, published.train);
    compare_count("validation images", result_.val, published.val);
    compare_count("test images", result_.test, published.test);
  }

  /// Fills `listed_` with every path once.
  void compare_lists() {
    std::unordered_map<std::string_view, std::string_view> list_of;
    for (const auto& [list, images] :
         {std::pair<std::string_view, const std::vector<Image>*>{"train", &split_.train},
          {"val", &split_.val},
          {"test", &split_.test}}) {
      for (const Image& image : *images) {
        const auto [known, first] = list_of.emplace(image.path, list);
        if (first) {
          listed_.push_back({&image.path, list});
        } else if (leaks(known->second, list)) {
          add(FindingKind::leaked, fmt::format("{} is in {} and in {}", image.path, known->second, list));
        } else {
          add(FindingKind::listed_twice,
              fmt::format("{} is in {} and again in {}", image.path, known->second, list));
        }
      }
    }
  }

  void look_at_files(const ImageFiles& files, const VerifySettings& settings, std::ostream& log) {
    const auto threads = static_cast<size_t>(settings.threads);
    Ahead<Look> looks(listed_.size(), threads, kAhead * threads, [&](size_t i) {
      const std::string& path = *listed_[i].path;
      return look_at(files, path, settings.read_images);
    });
    Progress progress(fmt::format("verifying {}", spec_.id), static_cast<int64_t>(listed_.size()), log,
                      is_terminal(log));
    std::unordered_map<uint64_t, const Listed*> with_contents;
    for (const Listed& listed : listed_) {
      check_interrupt();
      Look look = *looks.next();
      progress.advance();
      if (look.fault) {
        result_.findings.push_back(std::move(*look.fault));
      } else if (settings.read_images) {
        compare_contents(listed, *with_contents.emplace(look.contents, &listed).first->second);
      }
    }
  }

  Verification take() { return std::move(result_); }

 private:
  void compare_count(const char* what, int64_t found, std::optional<int64_t> published) {
    if (published && found != *published)
      add(FindingKind::count, fmt::format("{} {}; published: {}", found, what, *published));
  }

  void compare_contents(const Listed& listed, const Listed& first) {
    if (&listed == &first) return;
    const bool leaked = leaks(listed.list, first.list);
    add(leaked ? FindingKind::leaked : FindingKind::same_contents,
        fmt::format("{} in {} has the same bytes as {} in {}", *listed.path, listed.list, *first.path,
                    first.list));
  }

  void add(FindingKind kind, std::string text) { result_.findings.push_back({kind, std::move(text)}); }

  const DatasetSpec& spec_;
  const Split& split_;
  std::vector<Listed> listed_;
  Verification result_;
};

}  // namespace

std::string_view to_string(FindingKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  std::abort();
}

Verification verify_dataset(const DatasetSpec& spec, const Split& split, const ImageFiles& files,
                            const VerifySettings& settings, std::ostream& log) {
  Verifier verifier(spec, split);
  verifier.compare_counts();
  verifier.compare_lists();
  verifier.look_at_files(files, settings, log);
  return verifier.take();
}

}  // namespace promptbed
