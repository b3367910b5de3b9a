#include "features/picture_features.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>
#include <string_view>

#include "base/ahead.h"
#include "base/progress.h"
#include "data/pictures/picture.h"
#include "data/pictures/view.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Finished images per thread that may wait for a slower one before them.
constexpr size_t kPicturesAhead = 4;

constexpr std::array<std::string_view, 5> kEndings = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};

/// The features [1, D] of a file, or its fault.
struct Encoded {
  Tensor features;
  std::string fault;
};

Encoded encode_file(const fs::path& file, const PictureEncoder& encoder) {
  try {
    return {encoder.encode(decode_picture(file), {kCentreView}, /*view_key=*/0), ""};
  } catch (const Error& fault) {
    return {{}, fault.what()};
  }
}

bool is_picture(const fs::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

}  // namespace

PictureFileFeatures encode_picture_files(const std::vector<fs::path>& files, const PictureEncoder& encoder,
                                         int threads, std::ostream& log) {
  PictureFileFeatures result;
  std::vector<Tensor> features;
  Progress progress("pictures", static_cast<int64_t>(files.size()), log, is_terminal(log));
  const SingleThreadedOperators operators;
  Ahead<Encoded> encoded(files.size(), static_cast<size_t>(threads),
                         kPicturesAhead * static_cast<size_t>(threads),
                         [&](size_t i) { return encode_file(files[i], encoder); });
  for (const fs::path& file : files) {
    Encoded next = *encoded.next();
    progress.advance();
    if (!next.fault.empty()) {
      result.faults.push_back(std::move(next.fault));
      continue;
    }
    result.pictures.push_back(file);
    features.push_back(std::move(next.features));
  }
  if (!features.empty()) result.features = at::cat(features);
  return result;
}

std::vector<fs::path> picture_files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
    if (entry.is_regular_file() && is_picture(entry.path())) files.push_back(entry.path());
  }
  if (files.empty()) {
    throw Error(fmt::format("{}: holds no image (jpg, jpeg, png, webp or bmp); give another folder",
                            folder.string()));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace promptbed
