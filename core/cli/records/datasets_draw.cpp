#include <fmt/format.h>
#include <promptbed/error.h>

#include "base/files.h"
#include "cli/records/datasets_commands.h"
#include "data/draws/draw_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMost = 1'000'000'000;

const Usage kDrawUsage = {
    "runner datasets draw NAME --shots N --seed N [OPTIONS]",
    "Writes the images that runs on a dataset train and validate on, for these shots and this seed, from\n"
    "all classes, as the reference draws them. sweep --draws takes the file.\n\n"
    "  runner datasets draw oxford_pets --shots 16 --seed 1 --data data --output draw.json"};

const Usage kImportUsage = {
    "runner datasets import-draw FILE.pkl [NAME] [OPTIONS]",
    "Imports a draw that the reference has cached (split_fewshot/shot_16-seed_1.pkl in a dataset's folder).\n"
    "The file is read as data; nothing in it is executed. Its images are matched with the split by the ends\n"
    "of their paths. By default the dataset is the one whose folder the paths contain, and shots and seed\n"
    "are those in the file's name. sweep --draws takes the result.\n\n"
    "  runner datasets import-draw shot_16-seed_1.pkl --data data --output draw.json"};

options::options_description describe(bool required) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto number = [&] {
    auto* value = options::value<int64_t>()->value_name("N");
    return required ? value->required() : value;
  };
  add("shots", number(), "training images per class");
  add("seed", number(), "of the draw");
  add("output", options::value<std::string>()->value_name("FILE"), "output file; default: standard output");
  described.add(describe_data_options());
  return described;
}

/// The value of --seed, 0 or more.
int64_t seed_of(const options::variables_map& values, int64_t otherwise) {
  if (values.count("seed") == 0) return otherwise;
  const auto seed = values["seed"].as<int64_t>();
  if (seed < 0 || seed > kMost) throw Error(fmt::format("--seed {}: give 0 to {}", seed, kMost));
  return seed;
}

void write_draw(const StoredDraw& draw, const options::variables_map& values) {
  if (values.count("output") == 0) {
    fmt::print("{}", draw_text(draw));
    return;
  }
  const std::string file = values["output"].as<std::string>();
  write_file(file, draw_text(draw));
  fmt::print("{}: {}, {} shots, seed {}: {} training and {} validation images\n", file, draw.dataset,
             draw.shots, draw.seed, draw.draw.train.size(), draw.draw.val.size());
}

/// The dataset whose image folder the draw's first path contains.
const DatasetSpec& recognised(const ReferenceDraw& draw, const ChosenDatasets& chosen) {
  for (const DatasetSpec& dataset : chosen.list()) {
    const std::string folder =
        (fs::path("/") / dataset.folder / dataset.images / "").lexically_normal().string();
    if (draw.train.front().find(folder) != std::string::npos) return dataset;
  }
  throw Error(fmt::format("'{}' is in no folder of a dataset of suite {}; name the dataset after the file",
                          draw.train.front(), chosen.suite().id));
}

}  // namespace

int draw_dataset(const Arguments& arguments) {
  const auto values =
      parse_arguments(arguments, describe(/*required=*/true), kDrawUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  if (words_of(*values).size() != 1) throw Error("runner datasets draw needs one dataset");
  const int64_t shots = positive(*values, "shots", 0, kMost);
  const int64_t seed = seed_of(*values, 0);
  const ChosenDatasets chosen = named_datasets(*values);
  const DatasetSpec& dataset = chosen.list().front();
  const Split split = chosen.read_split(dataset);
  print_notes(split);
  if (split.train.empty())
    throw Error(fmt::format("{}: has no training images to draw from, only a test set", dataset.id));
  write_draw({dataset.id, shots, seed, draw_few_shot(split, shots, seed)}, *values);
  return kAllDone;
}

int import_draw(const Arguments& arguments) {
  const auto values =
      parse_arguments(arguments, describe(/*required=*/false), kImportUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const Arguments words = words_of(*values);
  if (words.empty() || words.size() > 2)
    throw Error("runner datasets import-draw needs a file, and optionally the dataset's name");
  const fs::path file = words.front();
  const ReferenceDraw draw = read_reference_draw(file);
  const int64_t shots = positive(*values, "shots", draw.shots.value_or(0), kMost);
  const int64_t seed = seed_of(*values, draw.seed.value_or(-1));
  if (shots < 1 || seed < 0) {
    throw Error(fmt::format(
        "{}: the name does not state shots and seed (shot_16-seed_1.pkl); give --shots and --seed",
        file.string()));
  }

  DataSpec spec;
  read_data_options(spec, *values);
  spec.datasets = words.size() == 2 ? words[1] : "all";
  const ChosenDatasets chosen(std::move(spec));
  const DatasetSpec& dataset = words.size() == 2 ? chosen.list().front() : recognised(draw, chosen);
  const Split split = chosen.read_split(dataset);
  print_notes(split);
  const FewShotDraw found = find_reference_images(draw, split, file);
  if (found.val.size() < draw.val.size()) {
    fmt::print(stderr, "note: {}: {} validation images are left out: {} has none here\n", file.string(),
               draw.val.size(), dataset.id);
  }
  write_draw({dataset.id, shots, seed, found}, *values);
  return kAllDone;
}

}  // namespace promptbed
