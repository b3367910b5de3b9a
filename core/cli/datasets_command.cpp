#include <fmt/format.h>
#include <promptbed/error.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "data/split.h"
#include "data/suite.h"
#include "results/render_text.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner datasets list [OPTIONS]",
    "Lists the datasets of the suites; with --data also how many classes and images they have there."};

Table list_suite(const Suite& suite, const std::optional<std::filesystem::path>& data) {
  Table table;
  table.title = fmt::format("{}: {}", suite.id, suite.title);
  table.columns = {{"Dataset", Alignment::left}, {"Title", Alignment::left}};
  if (data) table.columns.insert(table.columns.end(), {{"Classes"}, {"Train"}, {"Val"}, {"Test"}});
  table.columns.push_back({"Template", Alignment::left});
  for (const DatasetSpec& dataset : suite.datasets) {
    std::vector<std::string> row = {dataset.id, dataset.title};
    if (data) {
      try {
        const Split split = read_split(dataset, *data);
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
  add("suite", options::value<std::string>()->value_name("S"), "only this suite");
  add("data", options::value<std::string>()->value_name("FOLDER"), "holds the datasets' folders");
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const auto words = values->count("words") > 0 ? (*values)["words"].as<Arguments>() : Arguments();
  if (words != Arguments{"list"}) throw Error("runner datasets needs one word: list");

  std::optional<std::filesystem::path> data;
  if (values->count("data") > 0) {
    data = (*values)["data"].as<std::string>();
    if (!std::filesystem::is_directory(*data))
      throw Error(fmt::format("--data {}: is no folder", data->string()));
  }
  const auto suites =
      values->count("suite") > 0
          ? std::vector<Suite>{read_suite(suites_folder(), (*values)["suite"].as<std::string>())}
          : read_suites(suites_folder());
  for (const Suite& suite : suites) fmt::print("{}\n", render_text(list_suite(suite, data), /*width=*/140));
  return kAllDone;
}

}  // namespace promptbed
