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

/// Adds the images of a folder and those below it, by names that begin with `name`. Links are followed, but
/// not to a folder that this one is in: `above` has those. One that leads nowhere counts as an image if it is
/// named like one, so that it is not passed over in silence.
void add_images(const fs::path& folder, const fs::path& name, std::vector<fs::path>& above,
                std::vector<std::string>& images) {
  try {
    above.push_back(fs::canonical(folder));
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      std::error_code failure;
      const fs::path entry_name = name / entry.path().filename();
      if (!entry.is_directory(failure)) {
        const bool may_be_read = entry.is_regular_file(failure) || !entry.exists(failure);
        if (may_be_read && is_image_name(entry.path())) images.push_back(entry_name.string());
      } else if (std::ranges::find(above, fs::canonical(entry.path())) == above.end()) {
        add_images(entry.path(), entry_name, above, images);
      }
    }
    above.pop_back();
  } catch (const fs::filesystem_error& fault) {
    throw Error(fmt::format("{}: cannot be listed ({})", folder.string(), fault.code().message()));
  }
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
    std::vector<fs::path> above;
    add_images(place_, {}, above, images);
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
