#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iostream>
#include <system_error>

#include "base/files.h"
#include "base/progress.h"
#include "base/signals.h"
#include "cli/records/datasets_commands.h"
#include "data/layouts/zhou_split.h"
#include "data/pictures/picture.h"
#include "formats/stored_zip.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The images that a split names, each once, sorted: where nothing depends on the order of the split.
std::vector<std::string> images_of(const Split& split) {
  std::vector<std::string> names;
  for (const std::vector<Image>* images : {&split.train, &split.val, &split.test}) {
    for (const Image& image : *images) names.push_back(fs::path(image.path).lexically_normal().string());
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// A PNG file with the same pixels, or the file itself if it is no larger or of another kind.
std::string smaller_png(const std::string& bytes, const fs::path& path) {
  if (!bytes.starts_with("\x89PNG")) return bytes;
  std::string again = encode_png(decode_picture(bytes, path));
  return again.size() < bytes.size() ? again : bytes;
}

/// Writes the archive that takes the place of the dataset's image folder, and returns its path.
fs::path seal(const DatasetSpec& dataset, const ChosenDatasets& chosen, const fs::path& output,
              bool shrinks_png) {
  if (dataset.is_own())
    throw Error(fmt::format("{}: is your own; only datasets of a suite can be sealed", dataset.id));
  if (split_files(dataset.split).empty()) {
    throw Error(
        fmt::format("{}: its classes are its folders, which an archive has not; leave it out", dataset.id));
  }
  if (dataset.images.empty() || dataset.images == ".") {
    throw Error(fmt::format("{}: its images have no folder of their own, whose place an archive could take",
                            dataset.id));
  }
  const ImageFiles files = chosen.images(dataset);
  const std::vector<std::string> names = images_of(chosen.read_split(dataset));
  fs::path archive = (output / dataset.folder / dataset.images).lexically_normal();
  archive += ".zip";
  Progress progress("sealing " + dataset.id, static_cast<int64_t>(names.size()), std::cerr,
                    is_terminal(std::cerr));
  write_stored_zip(archive, names, [&](const std::string& name) {
    check_interrupt();
    progress.advance();
    const std::string bytes = files.read(name);
    return shrinks_png ? smaller_png(bytes, files.path_of(name)) : bytes;
  });
  return archive;
}

/// The archive's classes are in the split's files, which belong beside it. One that was made, since the data
/// has none, may be in the cache alone: it is written anew, without names that are given on the command line.
void copy_split(DatasetSpec dataset, const ChosenDatasets& chosen, const fs::path& output) {
  dataset.given_names = {};
  for (const fs::path& file : split_files(dataset.split)) {
    const fs::path source = chosen.data() / dataset.folder / file, copy = output / dataset.folder / file;
    if (fs::exists(source)) {
      write_file(copy, read_file(source));
    } else {
      write_zhou_split(copy, chosen.read_split(dataset));
    }
  }
}

}  // namespace

int seal_datasets(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner datasets seal [NAME...] --output FOLDER [OPTIONS]",
       .explanation =
           "Puts the images that a dataset's split names into one ZIP archive, uncompressed, which takes\n"
           "the place of its image folder in FOLDER: FOLDER/dtd/images.zip for DATA/dtd/images, with the\n"
           "files of the split beside it. The same images give the same bytes. Datasets whose classes are\n"
           "folders, such as ImageNet, cannot be sealed.\n\n"
           "  runner datasets seal dtd --data data --output sealed\n"
           "  runner datasets seal --suite pocket --data IMAGES --output datasets/pocket/data --shrink-png",
       .options = {{"options",
                    {required({"output", "FOLDER", "the data root to write the archives to"}),
                     {"shrink-png", "",
                      "encode PNG images anew where that makes them smaller; no pixel changes",
                      ValueKind::flag}}},
                   data_options()},
       .takes_arguments = true});
  if (!values) return kAllDone;
  const ChosenDatasets chosen = named_datasets(*values);
  for (const DatasetSpec& dataset : chosen.list()) {
    const fs::path archive = seal(dataset, chosen, values->text("output"), values->flag("shrink-png"));
    copy_split(dataset, chosen, values->text("output"));
    fmt::print("{}: {:.1f} MB\n", archive.string(), static_cast<double>(fs::file_size(archive)) / 1e6);
  }
  return kAllDone;
}

}  // namespace promptbed
