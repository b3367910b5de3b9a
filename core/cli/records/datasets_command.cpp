#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include "base/installation.h"
#include "cli/records/datasets_commands.h"
#include "data/suites/suite.h"
#include "table/render.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const Subcommands kDatasets = {
    "datasets", "runner datasets list|show|verify|crops|seal|draw|import-draw [OPTIONS]",
    "Datasets, and the images that runs train on.\n\n"
    "  list         the datasets of the suites, and which of them are there\n"
    "  show         a dataset's classes and halves, optionally with a contact sheet\n"
    "  verify       checks every image, and compares counts with the published ones\n"
    "  crops        measures how much of them random crops may leave out\n"
    "  seal         puts the images of a dataset into one archive, to be distributed\n"
    "  draw         writes the images that runs of some shots and seed train on, for sweep --draws\n"
    "  import-draw  the same from a draw that the reference cached\n\n"
    "docs/datasets.md shows how to use your own images."};

/// The counts of a dataset. Throws Error if it is not there or faulty.
PublishedCounts count_images(const DatasetSpec& dataset, const fs::path& data, const fs::path& cache) {
  const Split split = read_split(dataset, data, cache);
  print_notes(split);
  const auto size = [](const auto& list) { return static_cast<int64_t>(list.size()); };
  return {size(split.class_names), size(split.train), size(split.val), size(split.test)};
}

std::string count_text(std::optional<int64_t> count) {
  return count ? std::to_string(*count) : "-";
}

/// If `data` is empty, nothing is looked for.
Table list_suite(const Suite& suite, const fs::path& data, const fs::path& cache) {
  Table table;
  table.title = fmt::format("{}: {}", suite.id, suite.title);
  table.columns = {{"Dataset", Alignment::left},
                   {"Title", Alignment::left},
                   {"Classes"},
                   {"Train"},
                   {"Val"},
                   {"Test"},
                   {"Folder", Alignment::left},
                   {"Found", Alignment::left},
                   {"Template", Alignment::left}};
  for (const DatasetSpec& dataset : suite.datasets) {
    PublishedCounts counts = dataset.published;
    std::string found = "-";
    if (!data.empty()) {
      try {
        counts = count_images(dataset, data, cache);
        found = "yes";
      } catch (const Error& fault) {
        found = fs::is_directory(data / dataset.folder) ? "faulty" : "no";
        table.notes.push_back(fmt::format("{}: {}", dataset.id, fault.what()));
      }
    }
    table.rows.push_back({dataset.id, dataset.title, count_text(counts.classes), count_text(counts.train),
                          count_text(counts.val), count_text(counts.test),
                          (data / dataset.folder).lexically_normal().string(), found,
                          dataset.prompt_template});
  }
  return table;
}

}  // namespace

int datasets_command(const Arguments& arguments) {
  return run_subcommand(kDatasets, arguments,
                        {{"list", list_datasets},
                         {"show", show_datasets},
                         {"verify", verify_datasets},
                         {"crops", try_dataset_crops},
                         {"seal", seal_datasets},
                         {"draw", draw_dataset},
                         {"import-draw", import_draw}});
}

ChosenDatasets named_datasets(const Values& values) {
  DataSpec spec;
  read_data_options(
      spec, values,
      values.arguments().empty() ? "all" : fmt::format("{}", fmt::join(values.arguments(), ",")));
  return ChosenDatasets(std::move(spec));
}

int list_datasets(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner datasets list [OPTIONS]",
             .explanation =
                 "Lists the datasets of the suites: classes and images, the folder they are expected in,\n"
                 "and whether they are there. Counts are those of the splits found, otherwise the\n"
                 "published ones.",
             .options = {{"options", {shared("suite"), shared("data"), shared("cache")}}}});
  if (!values) return kAllDone;
  const auto given = [&](const char* option) { return values->given(option); };
  const fs::path data = values->text("data"), cache = values->text("cache");
  if (given("data") && !fs::is_directory(data))
    throw Error(fmt::format("--data {}: is not a folder; check the path", data.string()));
  const auto suites = given("suite") || given("data")
                          ? std::vector<Suite>{read_suite(datasets_folder(), chosen_suite(*values))}
                          : read_suites(datasets_folder());
  for (const Suite& suite : suites) {
    const Table table = list_suite(suite, given("data") ? data : suite.data, cache);
    fmt::print("{}\n", render_text(table, {.width = 200}));
  }
  return kAllDone;
}

}  // namespace promptbed
