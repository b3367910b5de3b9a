#include <fmt/format.h>
#include <promptbed/error.h>

#include "base/files.h"
#include "cli/records/datasets_commands.h"
#include "data/draws/draw_file.h"
#include "table/table.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMost = 1'000'000'000;

Subcommand draw_description() {
  return {.usage = "runner datasets draw NAME --shots N --seed N [OPTIONS]",
          .explanation =
              "Writes the images that runs on a dataset train and validate on, for these shots and\n"
              "this seed, from all classes, as the reference draws them. sweep --draws takes the\n"
              "file. With --label-noise or --imbalance it is the draw that a sweep with the same\n"
              "option trains on (base-new: --class-set base), and lists the wrong labels.\n\n"
              "  runner datasets draw oxford_pets --shots 16 --seed 1 --data data --output draw.json\n"
              "  runner datasets draw shopping --shots 16 --seed 1 --class-set base --label-noise "
              "symmetric:0.4",
          .options = {{"options",
                       {required({"shots", "N", "training images per class", ValueKind::number}),
                        required(shared("seed")), shared_or("class-set", "all"), shared("label-noise"),
                        shared("imbalance"), shared("imagenet-val"),
                        shared("output", "; default: standard output")}},
                      data_options()},
          .takes_arguments = true};
}

Subcommand import_description() {
  return {.usage = "runner datasets import-draw FILE.pkl [NAME] [OPTIONS]",
          .explanation =
              "Imports a draw that the reference has cached (split_fewshot/shot_16-seed_1.pkl in a\n"
              "dataset's folder). The file is read as data; nothing in it is executed. Its images are\n"
              "matched with the split by the ends of their paths. By default the dataset is the one\n"
              "whose folder the paths contain, and shots and seed are those in the file's name. sweep\n"
              "--draws takes the result.\n\n"
              "  runner datasets import-draw shot_16-seed_1.pkl --data data --output draw.json",
          .options = {{"options",
                       {{"shots", "N", "training images per class", ValueKind::number},
                        shared("seed"),
                        shared("output", "; default: standard output")}},
                      data_options()},
          .takes_arguments = true};
}

/// The value of --seed, 0 or more.
int64_t seed_of(const Values& values, int64_t otherwise) {
  if (!values.given("seed")) return otherwise;
  const int64_t seed = *values.number("seed");
  if (seed < 0 || seed > kMost) throw Error(fmt::format("--seed {}: give 0 to {}", seed, kMost));
  return seed;
}

void write_draw(const StoredDraw& draw, const Values& values) {
  if (!values.given("output")) {
    fmt::print("{}", draw_text(draw));
    return;
  }
  const std::string file = output_file(values);
  write_file(file, draw_text(draw));
  fmt::print("{}: {}, {}, seed {}: {} training and {} validation images\n", file, draw.dataset,
             plural(static_cast<size_t>(draw.shots), "shot"), draw.seed, draw.draw.train.size(),
             draw.draw.val.size());
  if (draw.changes.noise) fmt::print("{} training images have a wrong label\n", draw.flips.size());
}

/// The draw that a sweep makes of some classes of a dataset.
StoredDraw make_draw(const DatasetSpec& dataset, const Split& split, int64_t shots, int64_t seed,
                     const Values& values) {
  const bool on_training = validates_on_training(values);
  if (on_training && dataset.split.kind != SplitKind::imagenet)
    throw Error(fmt::format("--imagenet-val train: {} is not ImageNet; leave it out", dataset.id));
  const auto source = on_training ? ValidationSource::training : ValidationSource::validation;
  const FewShotDraw all = draw_few_shot(split, shots, seed, source);
  const ClassSet classes = class_set_of(values);
  StoredDraw stored{dataset.id, shots, seed, subset(all, split, classes), read_draw_changes(values)};
  stored.flips = change_draw(stored.draw, class_names_of(split, classes), shots, seed, stored.changes);
  return stored;
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
  const std::optional<Values> values = parse(arguments, draw_description());
  if (!values) return kAllDone;
  values->only_argument("datasets draw", "the name of a dataset");
  const int64_t shots = values->positive("shots", 0, kMost);
  const int64_t seed = seed_of(*values, 0);
  const ChosenDatasets chosen = named_datasets(*values);
  const DatasetSpec& dataset = only_dataset(chosen);
  const Split split = chosen.read_split(dataset);
  print_notes(split);
  if (split.train.empty())
    throw Error(fmt::format("{}: has no training images to draw from, only a test set", dataset.id));
  write_draw(make_draw(dataset, split, shots, seed, *values), *values);
  return kAllDone;
}

int import_draw(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, import_description());
  if (!values) return kAllDone;
  const Arguments& named = values->arguments();
  if (named.empty() || named.size() > 2)
    throw Error("runner datasets import-draw needs a file, and optionally the dataset's name");
  const fs::path file = named.front();
  const ReferenceDraw draw = read_reference_draw(file);
  if (!(values->given("shots") || draw.shots) || !(values->given("seed") || draw.seed)) {
    throw Error(fmt::format(
        "{}: the name does not state shots and seed (shot_16-seed_1.pkl); give --shots and --seed",
        file.string()));
  }
  const int64_t shots = values->positive("shots", draw.shots.value_or(0), kMost);
  const int64_t seed = seed_of(*values, draw.seed.value_or(0));

  DataSpec spec;
  read_data_options(spec, *values, named.size() == 2 ? named[1] : "all");
  const ChosenDatasets chosen(std::move(spec));
  const DatasetSpec& dataset = named.size() == 2 ? only_dataset(chosen) : recognised(draw, chosen);
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
