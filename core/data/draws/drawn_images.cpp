#include "data/draws/drawn_images.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <utility>

namespace promptbed {

DrawnImages::DrawnImages(const std::vector<Image>& images, const char* what, std::filesystem::path file)
    : what_(what), file_(std::move(file)) {
  by_path_.reserve(images.size());
  for (const Image& image : images) by_path_.emplace(image.path, &image);
}

const Image& DrawnImages::take(std::string_view path) {
  const auto found = by_path_.find(path);
  return take(found == by_path_.end() ? nullptr : found->second, path);
}

const Image& DrawnImages::take_by_ending(std::string_view path) {
  std::string_view ending = path;
  while (true) {
    const auto found = by_path_.find(ending);
    if (found != by_path_.end()) return take(found->second, path);
    const size_t slash = ending.find('/');
    if (slash == std::string_view::npos) return take(nullptr, path);
    ending.remove_prefix(slash + 1);
  }
}

const Image& DrawnImages::take(const Image* image, std::string_view path) {
  if (image == nullptr) {
    throw Error(
        fmt::format("{}: '{}' is no {} image of the dataset's split; give the split that it was drawn from",
                    file_.string(), path, what_));
  }
  if (!taken_.insert(image).second)
    throw Error(fmt::format("{}: has '{}' twice; take one out", file_.string(), image->path));
  return *image;
}

void check_drawn_classes(const std::vector<Image>& train, const Split& split,
                         const std::filesystem::path& file) {
  std::vector<bool> drawn(split.class_names.size());
  for (const Image& image : train) drawn[static_cast<size_t>(image.label)] = true;
  for (size_t label = 0; label < drawn.size(); ++label) {
    if (!drawn[label])
      throw Error(fmt::format("{}: has no training image of class '{}' (label {}); a draw holds all classes",
                              file.string(), split.class_names[label], label));
  }
}

}  // namespace promptbed
