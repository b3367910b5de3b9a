#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <thread>

#include "base/files.h"
#include "cli/options.h"
#include "results/ledger_file.h"

/// The options that several subcommands take, and what they stand for.
namespace promptbed {
namespace {

/// The option, which an environment variable named after it may hold: what depends on the machine more than
/// on the experiment.
CommandOption of_machine(CommandOption option) {
  option.environment = "PROMPTBED_";
  for (const char letter : option.name) option.environment += static_cast<char>(std::toupper(letter));
  return option;
}

/// Every option that more than one subcommand takes.
const std::vector<CommandOption>& shared_options() {
  static const std::vector<CommandOption> table = {
      // The grid.
      {"methods", "M,...", "methods that runner methods lists, separated by commas"},
      {"method", "M", "a method that runner methods lists"},
      {"datasets", "D,...", "datasets of the suite, all of them (all), or folders of your own"},
      {"dataset", "D", "a dataset of the suite, or a folder of your own"},
      {"shots", "N,...", "training images per class"},
      {"seeds", "N,...", "seeds of draws, initial values and order"},
      {"seed", "N", "seed of the draw, initial values and order", ValueKind::number},
      {"protocol", "P",
       "base-new: train on the first half of the classes, test both halves; open-world: the same, and test "
       "both together; few-shot: train and test on all; "
       "cross-dataset: train on one dataset, test it and others; domain: the same, with shifted versions of "
       "it"},
      {"source", "D", "the dataset that cross-dataset and domain train on"},
      {"targets", "D,...", "datasets that cross-dataset and domain test as well; default: all others"},
      {.name = "draws",
       .value = "FILE",
       .help = "a draw from runner datasets draw or import-draw, for its dataset, shots and seed; repeatable",
       .repeat = Repeat::by_text},
      {"label-noise", "K:RATE",
       "wrong labels among the training images: symmetric:0.4 gives 40 % of each class's images that of any "
       "other class, asymmetric:0.4 that of the next"},
      {"imbalance", "R",
       "fewer training images the later the class: those of the last are 1/R of the first's --shots",
       ValueKind::real},
      {"imagenet-val", "FROM",
       "ImageNet's validation images: none, or training images that were not drawn (train)", ValueKind::text,
       "none"},
      {.name = "descriptions",
       .value = "D=FILE",
       .help =
           "JSON of sentences by class, or of templates, for the classes of a dataset (docs/datasets.md); "
           "repeatable",
       .repeat = Repeat::by_key},
      {.name = "set",
       .value = "M.O=V",
       .help = "option of a method, such as coop.n_ctx=16; repeatable",
       .repeat = Repeat::by_key},
      {"epochs", "N", "training epochs, instead of the recipe's", ValueKind::number},
      {"batch-size", "N", "images per batch, instead of the recipe's", ValueKind::number},
      {"lr", "X", "learning rate, instead of the recipe's", ValueKind::real},
      {"views", "N",
       "augmented renderings per training image; 0: the centre crop only. Methods on pixels see a "
       "fresh one in each epoch, unless it is 0",
       ValueKind::number, "10"},
      {"crops", "A-B",
       "least and greatest share of an image's area that a view covers; default: the suite's, or else CoOp's "
       "0.08-1"},
      {"force", "", "repeat finished runs", ValueKind::flag},
      // Classes.
      {"class-set", "S", "base, new or all: the first half of the dataset's classes, the second, or both"},
      {"classes", "C,...", "class names, separated by commas"},
      {"classes-file", "FILE", "class names, one per line or as a JSON list"},
      {"class-names", "FILE", "JSON of your own class names by dataset (docs/datasets.md)"},
      {"templates", "FILE", "JSON of your own templates by dataset (docs/datasets.md)"},
      // The model and where it runs.
      of_machine({"model", "PATH",
                  "CLIP: a folder in the Hugging Face or open_clip layout, or a checkpoint file; default: "
                  "the suite's "
                  "own"}),
      {"activation", "A", "quick_gelu or gelu, for a checkpoint file that does not say"},
      {"precision", "P",
       "of the frozen towers: f32, bf16 or f16; on GPUs also tf32, of all products; trained prompts are "
       "tested with their own",
       ValueKind::text, "f32"},
      of_machine({"device", "D", "cpu, cuda or cuda:N", ValueKind::text, "cpu"}),
      of_machine({"threads", "N", "threads", ValueKind::number}),
      {"no-cuda-graphs", "",
       "on a GPU, compute every training step anew, in the place of repeating a recorded one",
       ValueKind::flag},
      // Data.
      of_machine({"suite", "S", "list of datasets; default: pocket, or paper if --data is given"}),
      of_machine({"data", "FOLDER",
                  "holds the datasets' folders with their images; default: the suite's own, with sealed "
                  "features"}),
      of_machine({"cache", "FOLDER", "image features, generated splits, listings of large folders",
                  ValueKind::text, "runs/cache"}),
      // Runs and prompts.
      of_machine({"db", "FILE", "ledger of runs and scores", ValueKind::text, "runs/promptbed.db"}),
      {"prompt", "PROMPT", "a trained prompt: a file, or a run's id"},
      {"plugins", "FOLDER", "one more folder of plugins"},
      {"checkpoint-minutes", "N",
       "how often to keep where a run's training stands; 0: only when it is interrupted", ValueKind::number,
       "5"},
      {.name = "where",
       .value = "[M.]SETTING=V,...",
       .help = "only runs whose setting has one of these values, such as coop.n_ctx=16, views=10 or "
               "epochs=50; repeatable",
       .repeat = Repeat::by_key},
      {"fingerprint", "F", "only runs of the model with this fingerprint, or a prefix of it"},
      // Output.
      {"format", "F", "text, csv or json", ValueKind::text, "text"},
      {"output", "FILE", "write to this file"},
      {"top", "N", "how many to list", ValueKind::number, "5"},
      {"dry-run", "", "show what would be done, and do nothing", ValueKind::flag},
  };
  return table;
}

/// The options that a single subcommand takes, and describes itself.
constexpr const char* kOwnOptions[] = {
    "arch",    "areas",        "cancel", "class-count", "confusion", "executor",  "fail-fast",
    "grid",    "images",       "into",   "jobs",        "keep",      "list-jobs", "metric",
    "no-wait", "paper",        "plot",   "predictions", "quick",     "remeasure", "retries",
    "runs",    "seconds",      "shard",  "shrink-png",  "slurm",     "spread",    "status",
    "table",   "task-minutes", "tasks",  "template",    "track-new", "versus"};

}  // namespace

const std::vector<std::string>& option_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all(std::begin(kOwnOptions), std::end(kOwnOptions));
    for (const CommandOption& option : shared_options()) all.push_back(option.name);
    return all;
  }();
  return names;
}

CommandOption shared(std::string_view name, const std::string& remark) {
  const auto found = std::ranges::find(shared_options(), name, &CommandOption::name);
  if (found == shared_options().end()) throw std::logic_error(fmt::format("no shared option --{}", name));
  CommandOption option = *found;
  option.help += remark;
  return option;
}

CommandOption shared_or(std::string_view name, const std::string& otherwise, const std::string& remark) {
  CommandOption option = shared(name, remark);
  option.otherwise = otherwise;
  return option;
}

CommandOption required(CommandOption option) {
  option.required = true;
  return option;
}

CommandOption typed(CommandOption option) {
  option.environment.clear();
  return option;
}

CommandOption text_or_json() {
  return {"format", "F", "text or json", ValueKind::text, "text"};
}

OptionGroup model_options() {
  return {"model", {shared("model"), shared("activation"), shared("precision"), shared("device")}};
}

OptionGroup data_options() {
  return {"datasets",
          {shared("suite"), shared("data"), shared("cache"), shared("templates"), shared("class-names")}};
}

Protocol protocol_of(const Values& values) {
  std::vector<std::pair<std::string, Protocol>> known;
  for (const Protocol protocol : kProtocols) known.emplace_back(to_string(protocol), protocol);
  return values.one_of("protocol", known);
}

int64_t count_cores() {
  return std::max<int64_t>(1, std::thread::hardware_concurrency());
}

std::filesystem::path ledger_path(const Values& values) {
  return behind_links(values.text("db"));
}

std::string output_file(const Values& values, std::string_view name) {
  const std::string file = values.text(name);
  std::error_code failure;
  const bool is_there = std::filesystem::is_regular_file(file, failure) && ::access(file.c_str(), R_OK) == 0;
  if (is_there && may_be_database(file))
    throw Error(fmt::format(
        "--{} {}: is a ledger or another database, which would be lost; name another file", name, file));
  return file;
}

}  // namespace promptbed
