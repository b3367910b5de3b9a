#include <fmt/format.h>
#include <promptbed/error.h>

#include "base/installation.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/input_options.h"
#include "data/split.h"
#include "data/suite.h"
#include "results/render_text.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner datasets list [OPTIONS]",
    "Lists the datasets of the suites, with their classes and images where the suite embeds its splits.\n"
    "With --data it tells what of a suite is there."};

/// `data` may be empty: then there is nothing to count.
Table list_suite(const Suite& suite, const std::filesystem::path& data) {
  const bool counts = !data.empty();
  Table table;
  table.title = fmt::format("{}: {}", suite.id, suite.title);
  table.columns = {{"Dataset", Alignment::left}, {"Title", Alignment::left}};
  if (counts) table.columns.insert(table.columns.end(), {{"Classes"}, {"Train"}, {"Val"}, {"Test"}});
  table.columns.push_back({"Template", Alignment::left});
  for (const DatasetSpec& dataset : suite.datasets) {
    std::vector<std::string> row = {dataset.id, dataset.title};
    if (counts) {
      try {
        const Split split = read_split(dataset, data);
        for (const size_t count :
             {split.class_names.size(), split.train.size(), split.val.size(), split.test.size()}) {
          row.push_back(std::to_string(count));
        }
      } catch (const Error& fault) {
        row.insert(row.end(), 4, "-");
        table.notes.push_back(fmt::format("{}: {}", dataset.id, fault.what()));
      }
    }
    row.push_back(dataset.prompt_template);
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

int datasets_command(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  add("suite", options::value<std::string>()->value_name("S"),
      "only this suite; default: all, or paper where --data is given");
  add("data", options::value<std::string>()->value_name("FOLDER"), "holds the datasets' folders");
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const auto words = values->count("words") > 0 ? (*values)["words"].as<Arguments>() : Arguments();
  if (words != Arguments{"list"}) throw Error("runner datasets needs one word: list");

  const auto given = [&](const char* option) { return values->count(option) > 0; };
  const std::filesystem::path data = given("data") ? (*values)["data"].as<std::string>() : "";
  if (given("data") && !std::filesystem::is_directory(data))
    throw Error(fmt::format("--data {}: is no folder", data.string()));
  const auto suites = given("suite") || given("data")
                          ? std::vector<Suite>{read_suite(datasets_folder(), chosen_suite(*values))}
                          : read_suites(datasets_folder());
  for (const Suite& suite : suites) {
    fmt::print("{}\n", render_text(list_suite(suite, given("data") ? data : suite.data), /*width=*/140));
  }
  return kAllDone;
}

}  // namespace promptbed
