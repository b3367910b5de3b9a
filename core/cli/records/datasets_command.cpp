#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include "cli/records/datasets_commands.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner datasets list|show|verify|draw|import-draw [OPTIONS]",
    "list: the datasets of the suites, and what of them is there.\n"
    "show: a dataset's classes and halves, with a contact sheet if you like.\n"
    "verify: looks at every picture, and compares counts with the published ones.\n"
    "draw: the images that a run of some shots and a seed trains on, as a file for sweep --draws.\n"
    "import-draw: the same from a draw that the reference cached.\n"
    "Every word has its own --help. docs/datasets.md tells how to bring pictures of your own."};

}  // namespace

int datasets_command(const Arguments& arguments) {
  return run_word("datasets", arguments, kUsage,
                  {{"list", list_datasets},
                   {"show", show_datasets},
                   {"verify", verify_datasets},
                   {"draw", draw_dataset},
                   {"import-draw", import_draw}});
}

ChosenDatasets named_datasets(const options::variables_map& values) {
  DataSpec spec;
  read_data_options(spec, values);
  const Arguments words = words_of(values);
  spec.datasets = words.empty() ? "all" : fmt::format("{}", fmt::join(words, ","));
  return ChosenDatasets(std::move(spec));
}

std::string count_text(std::optional<int64_t> count) {
  return count ? std::to_string(*count) : "-";
}

}  // namespace promptbed
