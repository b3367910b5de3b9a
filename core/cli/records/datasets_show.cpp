#include <fmt/format.h>
#include <promptbed/error.h>

#include "cli/records/datasets_commands.h"
#include "data/draws/class_half.h"
#include "data/pictures/contact_sheet.h"
#include "table/render.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostPictures = 100;

const Usage kUsage = {
    "runner datasets show NAME [OPTIONS]",
    "Shows a dataset of the suite, or the folder of one of your own: its words, and one line a "
    "class with\nits half and its images.\n\n"
    "  runner datasets show dtd --data data\n"
    "  runner datasets show pictures/birds --grid birds.png"};

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

/// The first pictures of each class: of the training images, or else of the test images.
std::vector<std::vector<fs::path>> first_pictures(const Split& split, const fs::path& folder, int64_t most) {
  std::vector<std::vector<fs::path>> pictures(split.class_names.size());
  for (const Image& image : split.train.empty() ? split.test : split.train) {
    auto& of_class = pictures[static_cast<size_t>(image.label)];
    if (static_cast<int64_t>(of_class.size()) < most) of_class.push_back(folder / image.path);
  }
  return pictures;
}

}  // namespace

int show_datasets(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  add("grid", options::value<std::string>()->value_name("FILE.png"),
      "write a contact sheet: a row a class, in the order of the labels, in columns where there are many");
  add("pictures", options::value<int64_t>()->value_name("N")->default_value(8), "of each class on it");
  described.add(describe_data_options());
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  if (words_of(*values).size() != 1) throw Error("runner datasets show needs one dataset");
  const int64_t most = positive(*values, "pictures", 8, kMostPictures);

  const ChosenDatasets chosen = named_datasets(*values);
  const DatasetSpec& dataset = chosen.list().front();
  const Split split = chosen.read_split(dataset);
  print_notes(split);
  fmt::print("{}", render_text(class_table(dataset, split), {.width = 140}));
  if (values->count("grid") > 0) {
    const fs::path file = (*values)["grid"].as<std::string>();
    write_png(file, contact_sheet(first_pictures(split, chosen.image_folder(dataset), most)));
    fmt::print("{}: {} pictures a class\n", file.string(), most);
  }
  return kAllDone;
}

}  // namespace promptbed
