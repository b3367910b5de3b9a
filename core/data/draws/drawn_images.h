#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "data/layouts/split.h"

namespace promptbed {

/// Takes images out of one list of a split, by their paths, each once.
class DrawnImages {
 public:
  /// `what` is what the list holds, such as "training". The images have to outlive this.
  DrawnImages(const std::vector<Image>& images, const char* what, std::filesystem::path file);

  /// Throws Error naming the file where no image has that path, or it has been taken before.
  const Image& take(std::string_view path);

  /// The same for a path that was absolute on some machine: the longest part at its end that is an image's.
  const Image& take_by_ending(std::string_view path);

 private:
  const Image& take(const Image* image, std::string_view path);

  std::unordered_map<std::string_view, const Image*> by_path_;
  std::unordered_set<const Image*> taken_;
  const char* what_;
  std::filesystem::path file_;
};

/// Throws Error naming `file` for a class of the split without an image in the list.
void check_drawn_classes(const std::vector<Image>& train, const Split& split,
                         const std::filesystem::path& file);

}  // namespace promptbed
