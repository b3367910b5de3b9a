#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <malloc.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "base/installation.h"
#include "base/machine.h"
#include "base/text.h"
#include "cli/tensors/input_options.h"
#include "clip/model.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "data/layouts/split.h"
#include "data/suites/given_names.h"
#include "methods/assignment.h"
#include "table/render.h"
#include "training/cost.h"
#include "training/recorder.h"

namespace promptbed {
namespace {

constexpr int64_t kShots = 16;
constexpr int64_t kMadeImages = 32;
constexpr int64_t kMostClasses = 100'000;
constexpr int64_t kMostBatch = 100'000;

Subcommand bench_description() {
  return {
      .usage = "runner bench [OPTIONS]",
      .explanation =
          "Measures methods on random image features or pixels: learned parameters, time of a training step\n"
          "(median), images per second in training and testing, and the process's peak memory.\n"
          "Nothing is recorded.\n\n"
          "  runner bench --methods coop,cocoop --arch ViT-B/16 --class-count 50\n"
          "  runner bench --methods mine --plugins build --model MODEL --classes-file names.txt --format "
          "json",
      .options = {{"options",
                   {shared("methods", "; default: all"),
                    shared("plugins"),
                    shared("set"),
                    shared("model", "; its towers are used"),
                    {"arch", "A",
                     "random weights instead of a model: RN50, RN101, ViT-B/32, ViT-B/16 or ViT-L/14"},
                    shared("activation"),
                    shared("precision"),
                    shared("device"),
                    shared("no-cuda-graphs"),
                    {"class-count", "N", "default: 50, or as many as --classes-file has", ValueKind::number},
                    shared("classes-file", "; default: the names of the embedded suite"),
                    shared("batch-size"),
                    {"seconds", "S", "roughly how long to measure each figure", ValueKind::real, "2"},
                    shared("threads", "; default: 1, as in a sweep's jobs"),
                    shared("format")}}},
      .retired = {{"classes", "--class-count N"}, {"class-names", "--classes-file FILE"}}};
}

/// What a method costs on this machine.
struct Measured {
  std::string method;
  Cost cost;
  int64_t peak_memory = 0;  ///< bytes
};

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

/// Random pixels of a few images: what they are costs nothing.
StoredPixels made_pixels(const Task& task) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const int64_t side = task.image_encoder->resolution();
  return StoredPixels(at::randn({1, kMadeImages, 3, side, side}, generator));
}

/// The image tower of --arch, with random weights. Those with a ResNet have none to put prompts into.
std::shared_ptr<const ImageEncoder> made_image_encoder(const std::string& architecture,
                                                       const ClipModel& model, const Placement& placement) {
  if (architecture.empty()) return model.make_prompted_image_encoder(placement);
  const auto sizes = image_tower_sizes(architecture);
  if (!sizes)
    return nullptr;  // nothing can be put into it, and methods that would are told so by image_blocks
  return std::make_shared<LateImageEncoder>(random_image_tower(*sizes), placement);
}

/// The towers of --arch or of `model`, and what a task takes from the model.
Task make_task(const Values& values, const Suite& embedded) {
  const auto text = [&](const char* name) { return values.text(name); };
  if (!text("model").empty() && !text("arch").empty())
    throw Error("--model and --arch contradict each other; give one of them");
  InputSpec spec;
  read_model_options(spec, values);
  const ClipModel model = ClipModel::load(spec.model.empty() ? embedded.model : spec.model, spec.activation);
  Task task;
  task.text_encoder = std::make_shared<TextTransformer>(
      text("arch").empty() ? model.checkpoint() : random_text_tower(text_tower_sizes(text("arch"))),
      spec.placement);
  task.tokenizer = model.tokenizer();
  task.context_length = task.text_encoder->context_length();
  task.text_blocks = task.text_encoder->blocks();
  task.image_encoder = made_image_encoder(text("arch"), model, spec.placement);
  task.image_blocks = task.image_encoder ? task.image_encoder->blocks() : 0;
  task.logit_scale = model.logit_scale();
  task.feature_width = task.text_encoder->embedding_width();
  task.device = spec.placement.device;
  task.dataset = "made";
  task.shots = kShots;
  task.prompt_template = "a photo of a {}.";
  task.context_init = "a photo of a";
  const ClassNames names =
      text("classes-file").empty() ? embedded_names(embedded) : read_class_list(text("classes-file"));
  const int64_t otherwise = text("classes-file").empty() ? 50 : static_cast<int64_t>(names.size());
  task.class_names = as_many(names, values.positive("class-count", otherwise, kMostClasses));
  task.train = made_features(static_cast<int64_t>(task.class_names.size()), task.feature_width, task.device);
  task.validation = task.train;
  return task;
}

Measured measure_method(const Method& method, const MethodRegistry& registry,
                        const std::vector<Assignment>& assignments, Task task, const Values& values) {
  const auto learner = registry.create(method, single_options(method, assignments, registry));
  learner->resolve(task);
  std::optional<StoredPixels> made;
  if (learner->needs().pixels) {
    made = made_pixels(task);
    task.train.features = Tensor();
  }
  Recipe recipe = learner->recipe(task);
  recipe.batch_size = values.positive("batch-size", recipe.batch_size, kMostBatch);
  task.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  ::malloc_trim(0);  // what earlier methods left would count as this one's
  reset_peak_memory();
  learner->bind(task);
  Measured measured{.method = method.name(), .cost = {}};
  std::optional<RepeatedPixels> pixels;
  if (made) pixels.emplace(*made, kMadeImages);
  std::unique_ptr<Recorder> recorder;
  if (!values.flag("no-cuda-graphs")) recorder = make_recorder(*learner, task.device);
  measured.cost = measure_cost(*learner, task, recipe, *values.real("seconds"), pixels ? &*pixels : nullptr,
                               recorder.get());
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

nlohmann::json bench_json(const std::vector<Measured>& methods, const std::string& title) {
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
std::vector<std::string> chosen_methods(const MethodRegistry& registry, const Values& values) {
  if (values.given("methods")) return values.items("methods");
  std::vector<std::string> names;
  for (const Method& method : registry.methods()) names.push_back(method.name());
  return names;
}

}  // namespace

int bench_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, bench_description());
  if (!values) return kAllDone;
  const OutputFormat format = values->one_of("format", kTextCsvJson);
  if (const double seconds = *values->real("seconds"); !(seconds > 0 && seconds < 1e6))
    throw Error(fmt::format("--seconds {}: give more than 0 and less than 1000000", seconds));
  const int64_t threads = values->positive("threads", 1, kMostThreads);
  at::set_num_threads(static_cast<int>(threads));

  const MethodRegistry registry = load_plugins(*values);
  const std::vector<std::string> names = chosen_methods(registry, *values);
  std::vector<const Method*> methods;
  for (const std::string& name : names) methods.push_back(&registry.at(name));
  const auto assignments = parse_assignments(values->texts("set"), names, registry);

  const Task task = make_task(*values, read_suite(embedded_suite_folder(), "pocket"));
  std::vector<Measured> measured;
  for (const Method* method : methods) {
    try {
      measured.push_back(measure_method(*method, registry, assignments, task, *values));
    } catch (const Error& refusal) {
      if (values->given("methods")) throw;
      fmt::print(stderr, "left out: {}\n", printable(refusal.what()));
    }
  }

  const std::string title =
      fmt::format("Cost with {} classes, text width {}, {}, {} thread{}", task.class_names.size(),
                  task.text_encoder->width(), values->text("precision"), threads, threads == 1 ? "" : "s");
  if (format == OutputFormat::json) {
    fmt::print("{}\n", bench_json(measured, title).dump(2));
  } else {
    fmt::print("{}", format == OutputFormat::csv ? render_csv(to_table(measured, title))
                                                 : render_text(to_table(measured, title)));
  }
  return kAllDone;
}

}  // namespace promptbed
