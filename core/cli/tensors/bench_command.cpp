#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <malloc.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/installation.h"
#include "base/peak_memory.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/tensors/input_options.h"
#include "cli/tensors/loaded_plugins.h"
#include "clip/model.h"
#include "clip/towers/random_text_tower.h"
#include "clip/towers/text_transformer.h"
#include "data/layouts/split.h"
#include "methods/assignment.h"
#include "table/render_csv.h"
#include "table/render_text.h"
#include "training/cost.h"

namespace promptbed {
namespace {

constexpr int64_t kShots = 16;
constexpr int64_t kMostClasses = 100'000;
constexpr int64_t kMostBatch = 100'000;

const Usage kUsage = {
    "runner bench [OPTIONS]",
    "Measures methods on made image features: learned numbers, time of a training step (median), images a\n"
    "second in training and in testing, and peak memory (of the process while the method is at work).\n"
    "Nothing is recorded.\n\n"
    "  runner bench --methods coop,cocoop --arch ViT-B/16 --classes 50\n"
    "  runner bench --methods mine --plugins build --model MODEL --class-names names.txt --format json"};

/// What a method costs on this machine.
struct Measured {
  std::string method;
  Cost cost;
  int64_t peak_memory = 0;  ///< bytes
};

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  const auto number = [] { return options::value<int64_t>()->value_name("N"); };
  add("methods", text("M,..."), "what to measure; default: all that the plugins offer");
  add("model", text("PATH"), "CLIP whose text tower is used; default: the embedded one");
  add("arch", text("A"), "instead of a model, random weights: RN50, RN101, ViT-B/32, ViT-B/16 or ViT-L/14");
  add("activation", text("A"), "quick_gelu or gelu, for a checkpoint file that does not tell");
  add("classes", number(), "classes; default: 50, or as many as --class-names has");
  add("class-names", text("FILE"), "a name a line; default: the names of the embedded suite");
  add("batch-size", number(), "images of a step; default: the method's own");
  add("set", options::value<std::vector<std::string>>()->composing()->value_name("M.O=V"),
      "option of a method, such as coop.n_ctx=16");
  add("seconds", options::value<double>()->value_name("S")->default_value(2),
      "to spend on each figure, about");
  add("precision", text("P")->default_value("f32"), "of the frozen tower: f32 or bf16");
  add("device", text("D")->default_value("cpu"), "cpu, cuda or cuda:N");
  add("threads", number(), "of the matrix products; default: 1, as in a sweep's jobs");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  add("format", text("F")->default_value("text"), "text, csv or json");
  return described;
}

/// The lines of a file that are not empty.
ClassNames read_names(const std::filesystem::path& path) {
  std::istringstream lines(read_file(path));
  ClassNames names;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (names.empty())
    throw Error(fmt::format("--class-names {}: holds no name; write one a line", path.string()));
  return names;
}

ClassNames embedded_names(const Suite& suite) {
  ClassNames names;
  for (const DatasetSpec& dataset : suite.datasets) {
    for (std::string& name : read_split(dataset, suite.data).class_names) names.push_back(std::move(name));
  }
  return names;
}

/// So many names: the given ones, and then the same again with a number.
ClassNames as_many(const ClassNames& names, int64_t classes) {
  ClassNames many;
  for (size_t i = 0; i < static_cast<size_t>(classes); ++i) {
    const size_t round = i / names.size();
    many.push_back(round == 0 ? names[i] : fmt::format("{} {}", names[i % names.size()], round + 1));
  }
  return many;
}

/// Random features of 16 images a class: what they are costs nothing.
FeatureSet made_features(int64_t classes, int64_t width, torch::Device device) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const Tensor labels = at::arange(kShots * classes, torch::kLong).remainder(classes);
  return {at::randn({kShots * classes, 1, width}, generator).to(device), labels.to(device)};
}

/// The text tower of --arch or of `model`, and what a task takes from the model.
Task make_task(const options::variables_map& values, const Suite& embedded) {
  const auto text = [&](const char* name) {
    return values.count(name) > 0 ? values[name].as<std::string>() : std::string();
  };
  if (!text("model").empty() && !text("arch").empty())
    throw Error("--model and --arch contradict each other; give one of them");
  std::optional<Activation> activation;
  if (!text("activation").empty()) activation = parse_activation(text("activation"));
  const ClipModel model =
      ClipModel::load(text("model").empty() ? embedded.model.string() : text("model"), activation);
  const Placement placement{parse_device(text("device")), parse_precision(text("precision"))};
  Task task;
  task.text_encoder = std::make_shared<TextTransformer>(
      text("arch").empty() ? model.checkpoint() : random_text_tower(text_tower_sizes(text("arch"))),
      placement);
  task.tokenizer = model.tokenizer();
  task.context_length = task.text_encoder->context_length();
  task.logit_scale = model.logit_scale();
  task.feature_width = task.text_encoder->embedding_width();
  task.device = placement.device;
  task.dataset = "made";
  task.shots = kShots;
  task.prompt_template = "a photo of a {}.";
  task.context_init = "a photo of a";
  const ClassNames names =
      text("class-names").empty() ? embedded_names(embedded) : read_names(text("class-names"));
  const int64_t otherwise = text("class-names").empty() ? 50 : static_cast<int64_t>(names.size());
  task.class_names = as_many(names, positive(values, "classes", otherwise, kMostClasses));
  task.train = made_features(static_cast<int64_t>(task.class_names.size()), task.feature_width, task.device);
  task.validation = task.train;
  return task;
}

Measured measure(const Method& method, const MethodRegistry& registry,
                 const std::vector<Assignment>& assignments, Task task,
                 const options::variables_map& values) {
  const auto learner = registry.create(method, single_options(method, assignments));
  learner->resolve(task);
  Recipe recipe = learner->recipe(task);
  recipe.batch_size = positive(values, "batch-size", recipe.batch_size, kMostBatch);
  task.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  ::malloc_trim(0);  // what earlier methods left would count as this one's
  reset_peak_memory();
  learner->bind(task);
  Measured measured{.method = method.name(), .cost = {}};
  measured.cost = measure_cost(*learner, task, recipe, values["seconds"].as<double>());
  measured.peak_memory = peak_memory();
  return measured;
}

std::string or_dash(const std::optional<double>& value, double scale, int decimals) {
  return value ? fmt::format("{:.{}f}", *value * scale, decimals) : "-";
}

Table to_table(const std::vector<Measured>& methods, const std::string& title) {
  Table table{.title = title,
              .columns = {{"Method", Alignment::left},
                          {"Learned"},
                          {"Batch"},
                          {"Step (ms)"},
                          {"Train (images/s)"},
                          {"Test (images/s)"},
                          {"Peak (MB)"}},
              .rows = {},
              .notes = {}};
  for (const Measured& m : methods) {
    table.rows.push_back({m.method, std::to_string(m.cost.parameters),
                          m.cost.step_seconds ? std::to_string(m.cost.batch_size) : "-",
                          or_dash(m.cost.step_seconds, 1e3, 2), or_dash(m.cost.train_images_per_second, 1, 1),
                          or_dash(m.cost.test_images_per_second, 1, 1),
                          fmt::format("{:.0f}", static_cast<double>(m.peak_memory) / 1e6)});
  }
  return table;
}

nlohmann::json to_json(const std::vector<Measured>& methods, const std::string& title) {
  const auto or_null = [](const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  nlohmann::json list = nlohmann::json::array();
  for (const Measured& m : methods) {
    list.push_back(
        {{"method", m.method},
         {"learned", m.cost.parameters},
         {"batch_size", m.cost.step_seconds ? nlohmann::json(m.cost.batch_size) : nlohmann::json()},
         {"step_seconds", or_null(m.cost.step_seconds)},
         {"train_images_per_second", or_null(m.cost.train_images_per_second)},
         {"test_images_per_second", m.cost.test_images_per_second},
         {"peak_bytes", m.peak_memory}});
  }
  return {{"what", title}, {"methods", list}};
}

/// --methods, or all that there are.
std::vector<std::string> chosen_methods(const MethodRegistry& registry,
                                        const options::variables_map& values) {
  if (values.count("methods") > 0) return split_list("--methods", values["methods"].as<std::string>());
  std::vector<std::string> names;
  for (const Method& method : registry.methods()) names.push_back(method.name());
  return names;
}

}  // namespace

int bench_command(const Arguments& arguments) {
  const auto values = parse_arguments(arguments, describe(), kUsage);
  if (!values) return kAllDone;
  const std::string format = (*values)["format"].as<std::string>();
  one_of<bool>("--format", format, {{"text", true}, {"csv", true}, {"json", true}});
  if (const double seconds = (*values)["seconds"].as<double>(); !(seconds > 0 && seconds < 1e6))
    throw Error(fmt::format("--seconds {}: give more than 0 and less than 1000000", seconds));
  const int64_t threads = positive(*values, "threads", 1, kMostThreads);
  at::set_num_threads(static_cast<int>(threads));

  const MethodRegistry registry = load_plugins(*values);
  const std::vector<std::string> names = chosen_methods(registry, *values);
  std::vector<const Method*> methods;
  for (const std::string& name : names) methods.push_back(&registry.at(name));
  const auto assignments = parse_assignments(
      values->count("set") > 0 ? (*values)["set"].as<std::vector<std::string>>() : std::vector<std::string>(),
      names, registry);

  const Task task = make_task(*values, read_suite(datasets_folder(), "pocket"));
  std::vector<Measured> measured;
  for (const Method* method : methods)
    measured.push_back(measure(*method, registry, assignments, task, *values));

  const std::string title = fmt::format(
      "Cost with {} classes, text width {}, {}, {} thread{}", task.class_names.size(),
      task.text_encoder->width(), (*values)["precision"].as<std::string>(), threads, threads == 1 ? "" : "s");
  if (format == "json") {
    fmt::print("{}\n", to_json(measured, title).dump(2));
  } else {
    fmt::print("{}", format == "csv" ? render_csv(to_table(measured, title))
                                     : render_text(to_table(measured, title)));
  }
  return kAllDone;
}

}  // namespace promptbed
