#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cstdint>

#include "cli/records/datasets_commands.h"
#include "data/draws/class_sets.h"
#include "data/pictures/contact_sheet.h"
#include "table/render.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostImages = 100;

std::vector<int64_t> count_by_label(const std::vector<Image>& images, size_t classes) {
  std::vector<int64_t> counts(classes);
  for (const Image& image : images) ++counts[static_cast<size_t>(image.label)];
  return counts;
}

Table class_table(const DatasetSpec& dataset, const Split& split) {
  const size_t classes = split.class_names.size();
  const size_t base = class_names_of(split, ClassSet::base).size();
  const auto train = count_by_label(split.train, classes);
  const auto val = count_by_label(split.val, classes);
  const auto test = count_by_label(split.test, classes);
  Table table;
  table.title = fmt::format(
      "{}: {}, {} classes ({} base, {} new), {} training, {} validation, {} test images", dataset.id,
      dataset.title, classes, base, classes - base, split.train.size(), split.val.size(), split.test.size());
  table.columns = {{"Label"}, {"Class", Alignment::left}, {"Half", Alignment::left}, {"Train"}, {"Val"},
                   {"Test"}};
  for (size_t label = 0; label < classes; ++label) {
    table.rows.push_back({std::to_string(label), split.class_names[label], label < base ? "base" : "new",
                          std::to_string(train[label]), std::to_string(val[label]),
                          std::to_string(test[label])});
  }
  table.notes = {fmt::format("template: {}", dataset.prompt_template),
                 fmt::format("context words: {}", dataset.context_init),
                 fmt::format("split: {}", split.hash())};
  if (!dataset.source.empty()) table.notes.push_back(fmt::format("source: {}", dataset.source));
  if (!dataset.citation.empty()) table.notes.push_back(fmt::format("citation: {}", dataset.citation));
  return table;
}

/// The first images of each class: training images if there are any, otherwise test images.
std::vector<std::vector<std::string>> first_images(const Split& split, int64_t most) {
  std::vector<std::vector<std::string>> images(split.class_names.size());
  for (const Image& image : split.train.empty() ? split.test : split.train) {
    auto& of_class = images[static_cast<size_t>(image.label)];
    if (static_cast<int64_t>(of_class.size()) < most) of_class.push_back(image.path);
  }
  return images;
}

/// "32 images, 8 per class", "29 images, 5 to 8 per class".
std::string count_of(const std::vector<std::vector<std::string>>& images) {
  size_t all = 0, least = SIZE_MAX, most = 0;
  for (const auto& of_class : images) {
    all += of_class.size();
    least = std::min(least, of_class.size());
    most = std::max(most, of_class.size());
  }
  return fmt::format("{}, {} per class", plural(all, "image"),
                     least == most ? std::to_string(most) : fmt::format("{} to {}", least, most));
}

}  // namespace

int show_datasets(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner datasets show NAME [OPTIONS]",
       .explanation =
           "Shows a dataset of the suite or a folder of your own: template, context words, and one\n"
           "line per class with its half and its images.\n\n"
           "  runner datasets show dtd --data data\n"
           "  runner datasets show ./birds --grid birds.png",
       .options =
           {{"options",
             {{"grid", "FILE.png",
               "write a contact sheet: a row per class in label order, in several columns if there are many"},
              {"images", "N", "images per class on it", ValueKind::number, "8"}}},
            data_options()},
       .takes_arguments = true,
       .retired = {{"pictures", "--images N"}}});
  if (!values) return kAllDone;
  values->only_argument("datasets show", "the name of a dataset");
  const int64_t most = values->positive("images", 8, kMostImages);

  const ChosenDatasets chosen = named_datasets(*values);
  const DatasetSpec& dataset = only_dataset(chosen);
  const Split split = chosen.read_split(dataset);
  print_notes(split);
  fmt::print("{}", render_text(class_table(dataset, split), {.width = 140}));
  if (values->given("grid")) {
    const fs::path file = output_file(*values, "grid");
    const auto images = first_images(split, most);
    write_png(file, contact_sheet(images, chosen.images(dataset)));
    fmt::print("{}: {}\n", file.string(), count_of(images));
  }
  return kAllDone;
}

}  // namespace promptbed
