#include <fmt/format.h>
#include <promptbed/error.h>

#include "base/installation.h"
#include "cli/records/datasets_commands.h"
#include "data/suites/suite.h"
#include "table/render.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const Usage kUsage = {
    "runner datasets list [OPTIONS]",
    "Lists the datasets of the suites: classes and images, in which folder they are expected and whether "
    "they\n"
    "are there. Counts are those of the splits that are found, or else the published ones."};

/// The counts of a dataset that is there; throws Error where it is not or is wrong.
PublishedCounts count(const DatasetSpec& dataset, const fs::path& data, const fs::path& cache) {
  const Split split = read_split(dataset, data, cache);
  print_notes(split);
  const auto size = [](const auto& list) { return static_cast<int64_t>(list.size()); };
  return {size(split.class_names), size(split.train), size(split.val), size(split.test)};
}

/// `data` may be empty: then nothing is looked for.
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
        counts = count(dataset, data, cache);
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

int list_datasets(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("suite", text("S"), "only this suite; default: all, or paper where --data is given");
  add("data", text("FOLDER"), "holds the datasets' folders");
  add("cache", text("FOLDER")->default_value("runs/cache"),
      "splits that were made, listings of large folders");
  const auto values = parse_arguments(arguments, described, kUsage);
  if (!values) return kAllDone;
  const auto given = [&](const char* option) { return values->count(option) > 0; };
  const fs::path data = given("data") ? (*values)["data"].as<std::string>() : "";
  const fs::path cache = (*values)["cache"].as<std::string>();
  if (given("data") && !fs::is_directory(data))
    throw Error(fmt::format("--data {}: is no folder", data.string()));
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
