#include "data/pictures/image_files.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "formats/stored_zip.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kEndings = {".jpg", ".jpeg", ".png", ".webp",
                                                      ".bmp", ".gif",  ".tif", ".tiff"};

/// The folder or archive that a path means.
fs::path place_of(const fs::path& given) {
  std::error_code failure;
  fs::path archive = given;
  archive += ".zip";
  return !given.empty() && !fs::exists(given, failure) && fs::is_regular_file(archive, failure) ? archive
                                                                                                : given;
}

/// A folder's files go by many names: "./cat//1.jpg" is "cat/1.jpg".
std::string name_in_archive(const std::string& image) {
  return fs::path(image).lexically_normal().string();
}

std::vector<std::string> images_in(const fs::path& folder) {
  std::vector<std::string> images;
  std::error_code failure;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    if (entry->is_regular_file(failure) && is_image_name(entry->path()))
      images.push_back(entry->path().lexically_relative(folder).string());
  }
  if (failure) throw Error(fmt::format("{}: cannot be listed ({})", folder.string(), failure.message()));
  return images;
}

}  // namespace

struct ImageFiles::Archive {
  explicit Archive(const fs::path& path) : zip(path) {
    std::set<std::string_view> known;
    for (const std::string& name : zip.names()) {
      check_name(name, fmt::format("{}: the file", path.string()));
      if (name.starts_with('/') || name_in_archive(name).starts_with(".."))
        throw Error(
            fmt::format("{}: the file {} leads out of the archive; make it again", path.string(), name));
      if (!known.insert(name).second)
        throw Error(fmt::format("{}: has two files {}; make it again", path.string(), name));
    }
  }

  const StoredZip zip;
  std::mutex in_use;
};

ImageFiles::ImageFiles(const fs::path& place) : place_(place_of(place)) {
  std::error_code failure;
  if (fs::is_regular_file(place_, failure)) archive_ = std::make_shared<Archive>(place_);
}

ImageFiles ImageFiles::in_folder(const fs::path& folder) {
  ImageFiles files{fs::path()};
  files.place_ = folder;
  return files;
}

bool ImageFiles::exist() const {
  std::error_code failure;
  return is_archive() || fs::is_directory(place_, failure);
}

bool ImageFiles::have(const std::string& image) const {
  std::error_code failure;
  return is_archive() ? archive_->zip.has(name_in_archive(image)) : fs::exists(path_of(image), failure);
}

std::string ImageFiles::read(const std::string& image) const {
  if (!is_archive()) return read_file(path_of(image));
  if (!have(image))
    throw Error(fmt::format("{}: the archive has no such image; check the split", path_of(image).string()));
  const std::lock_guard lock(archive_->in_use);
  return archive_->zip.read(name_in_archive(image));
}

std::vector<std::string> ImageFiles::names() const {
  std::vector<std::string> images;
  if (is_archive()) {
    std::ranges::copy_if(archive_->zip.names(), std::back_inserter(images), is_image_name);
  } else {
    images = images_in(place_);
  }
  if (images.empty()) {
    throw Error(fmt::format("{}: holds no image ({}); give another folder", place_.string(), kImageEndings));
  }
  std::ranges::sort(images);
  return images;
}

bool is_image_name(const fs::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

Picture decode_picture(const ImageFiles& files, const std::string& image) {
  return decode_picture(files.read(image), files.path_of(image));
}

}  // namespace promptbed
