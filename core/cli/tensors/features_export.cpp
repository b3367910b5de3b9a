#include <fmt/format.h>

#include <iostream>
#include <map>

#include "cli/tensors/features_commands.h"
#include "cli/tensors/input_options.h"
#include "formats/npy.h"
#include "formats/stored_zip.h"
#include "sweep/features.h"
#include "sweep/inputs.h"
#include "table/table.h"

namespace promptbed {
namespace {

Subcommand features_export_description() {
  return {
      .usage = "runner features export --output FOLDER [OPTIONS]",
      .explanation =
          "Writes FOLDER/DATASET.npz for NumPy: for each of train, val and test the features of the\n"
          "images in the centre crop (float32, as the tower gives them, not normalised), their labels\n"
          "and paths; and the class names by label. Extracts what is missing. --views N adds those of\n"
          "N views of the training images.\n\n"
          "  runner features export --datasets objects --output exported\n"
          "  runner features export --datasets dtd --model MODEL --data DATA --views 10 --output exported",
      .options = {{"options",
                   {required({"output", "FOLDER", "write the files there"}),
                    shared("threads", " that process images; default: one per core")}},
                  {"inputs",
                   {shared_or("datasets", "all"),
                    {"views", "N", "also this many augmented renderings of each training image",
                     ValueKind::number, "0"},
                    shared("crops")}},
                  model_options(),
                  data_options()}};
}

/// The arrays of one file, by name, as the contents of their .npy files.
using Arrays = std::map<std::string, std::string>;

std::string npy_of_tensor(const Tensor& tensor) {
  const Tensor values = tensor.to(torch::kFloat32).contiguous();
  return npy_of(std::span(values.data_ptr<float>(), static_cast<size_t>(values.numel())),
                values.sizes().vec());
}

void add_part(Arrays& arrays, const std::string& part, const std::vector<Image>& images,
              const FeatureCache& cache) {
  const std::vector<std::string> paths = paths_of(images);
  std::vector<int64_t> labels;
  for (const Image& image : images) labels.push_back(image.label);
  const int centre[] = {kCentreView};
  arrays[part + "_features"] = npy_of_tensor(cache.read(paths, centre).squeeze(1));  // [N, D]
  arrays[part + "_labels"] = npy_of(std::span<const int64_t>(labels));
  arrays[part + "_paths"] = npy_of(paths);
}

Arrays arrays_of(const Split& split, const FeatureCache& cache, int64_t views) {
  Arrays arrays = {{"class_names", npy_of(split.class_names)}};
  for (const auto& [part, images] :
       {std::pair("train", &split.train), {"val", &split.val}, {"test", &split.test}}) {
    if (!images->empty()) add_part(arrays, part, *images, cache);
  }
  if (views > 0 && !split.train.empty())
    arrays["train_views"] =
        npy_of_tensor(cache.read(paths_of(split.train), training_views(views)));  // [N, V, D]
  return arrays;
}

void write_npz(const std::filesystem::path& path, Arrays arrays) {
  std::vector<std::string> names;
  for (const auto& [name, contents] : arrays) names.push_back(name + ".npy");
  write_stored_zip(path, names, [&](const std::string& name) {
    return std::move(arrays.at(name.substr(0, name.size() - 4)));
  });
}

}  // namespace

int export_features(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, features_export_description());
  if (!values) return kAllDone;
  InputSpec spec;
  read_input_options(spec, *values);
  const int64_t threads = values->positive("threads", count_cores(), kMostThreads);
  const std::filesystem::path output = values->text("output");
  const int64_t views = spec.views;
  Inputs inputs(std::move(spec));
  for (const DatasetSpec& dataset : inputs.datasets()) {
    const Split split = inputs.read_split(dataset);
    inputs.extract(dataset, requests_of(split, views), threads, std::cerr);
    const std::filesystem::path file = output / (dataset.id + ".npz");
    write_npz(file, arrays_of(split, inputs.open_cache(dataset), views));
    fmt::print("{}: {}, {}\n", file.string(),
               plural(split.train.size() + split.val.size() + split.test.size(), "image"),
               plural(split.class_names.size(), "class name"));
  }
  return kAllDone;
}

}  // namespace promptbed
