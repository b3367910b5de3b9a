#include "methods/plugin_check.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>
#include <promptbed/prompt_template.h>
#include <torch/cuda.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "base/installation.h"
#include "base/json.h"
#include "base/processes.h"
#include "base/signals.h"
#include "clip/model.h"
#include "clip/towers/arithmetic.h"
#include "clip/towers/stand_in_device.h"
#include "clip/towers/text_transformer.h"
#include "data/draws/class_sets.h"
#include "data/layouts/split.h"
#include "data/suites/suite.h"
#include "methods/method_registry.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

constexpr const char* kEmbeddedSuite = "pocket";
constexpr int64_t kTypicalShots = 16;

constexpr size_t kTrainedClasses = 5, kOtherClasses = 3;
constexpr int64_t kMadeShots = 2, kViews = 2;
constexpr double kFeatureLength = 10;  // CLIP's image features are about as long
constexpr double kNoise = 0.5;         // of a length of 1
constexpr uint64_t kTrainSeed = 1, kValidationSeed = 2;

struct Embedded {
  Suite suite = read_suite(embedded_suite_folder(), kEmbeddedSuite);
  ClipModel model = ClipModel::load(suite.model);
};

Setting setting_of(const Embedded& embedded) {
  const DatasetSpec& dataset = embedded.suite.datasets.front();
  const Split split = read_split(dataset, embedded.suite.data);
  Setting setting;
  setting.dataset = dataset.id;
  setting.shots = kTypicalShots;
  setting.class_names = class_names_of(split, ClassSet::base);
  setting.new_class_names = class_names_of(split, ClassSet::new_);
  setting.prompt_template = dataset.prompt_template;
  setting.context_init = dataset.context_init;
  setting.tokenizer = embedded.model.tokenizer();
  setting.context_length = embedded.model.context_length();
  setting.text_blocks = embedded.model.text_blocks();
  setting.image_blocks = embedded.model.image_blocks();
  return setting;
}

/// `shots` images of each class, in turns.
FeatureSet make_features(const Task& task, int64_t shots, int64_t views, uint64_t seed) {
  const auto classes = static_cast<int64_t>(task.class_names.size());
  const Tensor labels = at::arange(classes * shots, torch::kLong).remainder(classes);
  const Tensor centres = template_features(task, task.prompt_template, task.class_names);  // [K, D]
  const Tensor noise = normalised(
      at::randn({labels.size(0), views, task.feature_width}, seeded_generator(seed, "made features")));
  return {kFeatureLength * (centres.index_select(0, labels).unsqueeze(1) + kNoise * noise), labels};
}

/// Random pixels of as many images as there are labels: [N, 3, R, R].
Tensor make_pixels(const Task& task, uint64_t seed) {
  const int64_t side = task.image_encoder->resolution();
  return at::randn({task.train.labels.size(0), 3, side, side}, seeded_generator(seed, "made pixels"));
}

CheckTask make_task(const Task& typical, ClassNames own, ClassNames others) {
  CheckTask task{typical, {}};
  task.class_names = std::move(own);
  task.new_class_names = std::move(others);
  task.shots = kMadeShots;
  task.train = make_features(task, kMadeShots, kViews, kTrainSeed);
  task.validation = make_features(task, kMadeShots, 1, kValidationSeed);
  task.pixels = make_pixels(task, kTrainSeed);
  return task;
}

void put_towers(Task& task, const ClipModel& model, torch::Device device) {
  const Placement placement{.device = device};
  task.device = device;
  task.text_encoder = std::make_shared<TextTransformer>(model.checkpoint(), placement);
  task.image_encoder = model.make_prompted_image_encoder(placement);
}

/// A GPU, or what stands in for one.
std::optional<torch::Device> another_device() {
  return torch::cuda::device_count() > 0 ? torch::Device(torch::kCUDA) : stand_in_device();
}

/// The task with towers and images on a device; pixels come from the CPU, as in training.
CheckTask moved(CheckTask task, const ClipModel& model, torch::Device device) {
  put_towers(task, model, device);
  for (FeatureSet* images : {&task.train, &task.validation}) {
    images->features = images->features.to(device);
    images->labels = images->labels.to(device);
  }
  return task;
}

ClassNames first(ClassNames names, size_t count) {
  if (names.size() > count) names.resize(count);
  return names;
}

using nlohmann::json;
using Tell = std::function<void(const json& message)>;

// What a child says: {"begin": RULE}, {"end": RULE, "verdict": 0, "why": TEXT}, {"method": ...}, and
// {"wrong": TEXT} if the check itself cannot go on.

/// A method that the plugin offers, as a child that loaded it says.
struct Offered {
  std::string name, summary;
  int version = 0;
};

struct Tally {
  int64_t kept = 0, broken = 0, idle = 0;
};

/// Runs `action` in a child and passes on what it says, except what is wrong, which is thrown as Error.
/// Returns how the child came to a bad end, or "".
std::string in_child(const std::function<void(const Tell& tell)>& action,
                     const std::function<void(const json& message)>& hear) {
  std::string wrong;
  const std::string accident = run_in_child(
      [&](const auto& tell_line) {
        const Tell tell = [&](const json& message) {
          tell_line(message.dump(-1, ' ', false, json::error_handler_t::replace));
        };
        leave_crashes_alone();
        try {
          action(tell);
        } catch (const Interrupted&) {  // this process has been asked to stop, too
        } catch (const std::exception& fault) {
          const std::string text = fault.what();
          tell({{"wrong", text.substr(0, text.find('\n'))}});
        }
      },
      [&](const std::string& line) {
        const json message = parse_json(line, "the plugin's check");
        if (message.contains("wrong")) {
          wrong = message["wrong"];
        } else {
          hear(message);
        }
      });
  check_interrupt();
  if (!wrong.empty()) throw Error(wrong);
  return accident;
}

/// Loads the plugin in a child, where a crash of its code does no harm.
std::vector<Offered> offered_by(const std::filesystem::path& file) {
  std::vector<Offered> methods;
  const std::string accident = in_child(
      [&](const Tell& tell) {
        const MethodRegistry registry = MethodRegistry::of_plugin(file);
        for (const Method& method : registry.methods())
          tell({{"method", method.name()},
                {"version", method.spec->version},
                {"summary", method.spec->summary}});
      },
      [&](const json& told) {
        methods.push_back({told.at("method"), told.at("summary"), told.at("version").get<int>()});
      });
  if (!accident.empty()) {
    throw Error(
        fmt::format("plugin {}: ends the program with {} when it is loaded; fix what it does before "
                    "any method is called",
                    file.string(), accident));
  }
  return methods;
}

/// Those of `offered` that are named, or all.
std::vector<Offered> chosen(const std::vector<Offered>& offered, const std::vector<std::string>& names,
                            const std::filesystem::path& file) {
  if (names.empty()) return offered;
  std::vector<Offered> methods;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(offered.begin(), offered.end(), [&](const Offered& o) { return o.name == name; });
    if (found == offered.end()) {
      std::vector<std::string> known;
      for (const Offered& method : offered) known.push_back(method.name);
      throw Error(fmt::format("plugin {}: offers no method {}; it has {}", file.string(), name,
                              fmt::join(known, ", ")));
    }
    methods.push_back(*found);
  }
  return methods;
}

void print_rule(std::ostream& out, const char* mark, const std::string& rule, const std::string& why) {
  out << fmt::format("  {:<5} {:<11} {}{}{}\n", mark, rule, statement_of_rule(rule), why.empty() ? "" : ": ",
                     why)
      << std::flush;
}

using Folders = std::vector<std::filesystem::path>;

void try_method(const std::filesystem::path& file, const std::string& name, const Folders& folders,
                const Tell& tell) {
  const MethodRegistry registry = MethodRegistry::of_plugin(file, folders);
  const Method& method = registry.at(name);
  const Options given = registry.options_of(method);
  const CheckedMethod checked{
      .training = method.spec->training,
      .selection = registry.selection_of(method, given),
      .online = registry.is_online(method, given),
      .options = given,
      .create = [&](const Options& options) { return registry.create(method, options); }};
  if (const auto device = another_device()) settle_arithmetic({.device = *device});
  check_method(checked, typical_tasks(),
               {.begin =
                    [&](std::string_view rule) {
                      tell({{"begin", rule}});
                    },
                .end =
                    [&](std::string_view rule, const RuleOutcome& outcome) {
                      tell({{"end", rule}, {"verdict", outcome.verdict}, {"why", outcome.why}});
                    }});
}

const char* mark_of(Verdict verdict) {
  return verdict == Verdict::kept ? "pass" : verdict == Verdict::broken ? "FAIL" : "-";
}

Tally check_offered(const std::filesystem::path& file, const Offered& method, const Folders& folders,
                    std::ostream& out) {
  Tally tally;
  std::string rule;  // being tried
  const std::string accident = in_child(
      [&](const Tell& tell) { try_method(file, method.name, folders, tell); },
      [&](const json& told) {
        if (told.contains("begin")) {
          rule = told["begin"];
          return;
        }
        const auto verdict = told.at("verdict").get<Verdict>();
        print_rule(out, mark_of(verdict), rule, told.at("why"));
        ++(verdict == Verdict::kept ? tally.kept : verdict == Verdict::broken ? tally.broken : tally.idle);
      });
  if (!accident.empty()) {
    print_rule(out, "FAIL", rule, fmt::format("the plugin ended its process with {}", accident));
    ++tally.broken;
  }
  return tally;
}

}  // namespace

Setting typical_setting() {
  return setting_of(Embedded());
}

CheckTasks typical_tasks() {
  const Embedded embedded;
  Task task;
  static_cast<Setting&>(task) = setting_of(embedded);
  put_towers(task, embedded.model, torch::kCPU);
  task.logit_scale = embedded.model.logit_scale();
  task.feature_width = embedded.model.embedding_width();
  const ClassNames own = first(task.class_names, kTrainedClasses);
  const ClassNames others = first(task.new_class_names, kOtherClasses);
  CheckTasks tasks = {make_task(task, own, others), make_task(task, others, own)};
  if (const auto device = another_device()) tasks.elsewhere = moved(tasks.trained, embedded.model, *device);
  return tasks;
}

bool check_plugin(const std::filesystem::path& file, const std::vector<std::string>& names,
                  const std::vector<std::filesystem::path>& folders, std::ostream& out) {
  Folders of_bases = {std::filesystem::absolute(file).parent_path()};
  std::ranges::copy(plugin_folders(folders), std::back_inserter(of_bases));
  const std::vector<Offered> methods = chosen(offered_by(file), names, file);
  out << fmt::format("plugin {} (interface {}, LibTorch {}, {})\n", file.string(), kInterfaceVersion,
                     TORCH_VERSION, kAbiTag);
  bool all_kept = true;
  for (const Offered& method : methods) {
    out << fmt::format("\n{} (version {}): {}\n", method.name, method.version, method.summary);
    const Tally tally = check_offered(file, method, of_bases, out);
    out << fmt::format("  {} rule{} kept, {} broken, {} not for this method\n", tally.kept,
                       tally.kept == 1 ? "" : "s", tally.broken, tally.idle);
    all_kept = all_kept && tally.broken == 0;
  }
  return all_kept;
}

}  // namespace promptbed
