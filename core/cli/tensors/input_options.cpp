#include "cli/tensors/input_options.h"

#include <ATen/Context.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include "base/installation.h"
#include "data/suites/suite.h"

namespace promptbed {
namespace {

constexpr int64_t kMostViews = 1000;

}  // namespace

Activation parse_activation(const std::string& text) {
  return one_of<Activation>("--activation", text,
                            {{"quick_gelu", Activation::quick_gelu}, {"gelu", Activation::gelu}});
}

Precision parse_precision(const std::string& text) {
  return one_of<Precision>("--precision", text, {{"f32", Precision::f32}, {"bf16", Precision::bf16}});
}

torch::Device parse_device(const std::string& text) {
  try {
    const torch::Device device(text);
    if (device.is_cuda() && !at::globalContext().hasCUDA()) {
      throw Error(fmt::format("--device {}: this LibTorch has no CUDA device; use cpu", text));
    }
    if (device.is_cpu() || device.is_cuda()) return device;
  } catch (const c10::Error&) {
    // The text is no device at all; said below.
  }
  throw Error(fmt::format("--device {}: known: cpu, cuda, cuda:N", text));
}

options::options_description describe_model_options() {
  options::options_description described("model", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("model", text("PATH"),
      "CLIP: a folder in the Hugging Face layout, or a checkpoint file; default: the suite's own");
  add("activation", text("A"), "quick_gelu or gelu, for a checkpoint file that does not tell");
  add("precision", text("P")->default_value("f32"), "of the frozen towers: f32 or bf16");
  add("device", text("D")->default_value("cpu"), "cpu, cuda or cuda:N");
  return described;
}

void read_model_options(InputSpec& spec, const options::variables_map& values) {
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  if (values.count("model") > 0) spec.model = text("model");
  if (values.count("activation") > 0) spec.activation = parse_activation(text("activation"));
  spec.placement.precision = parse_precision(text("precision"));
  spec.placement.device = parse_device(text("device"));
}

ClipModel load_model(const options::variables_map& values) {
  InputSpec spec;
  read_model_options(spec, values);
  if (spec.model.empty()) {
    const Suite suite = read_suite(datasets_folder(), chosen_suite(values));
    if (suite.model.empty())
      throw Error(fmt::format("suite {} has no model of its own; give one with --model", suite.id));
    spec.model = suite.model;
  }
  return ClipModel::load(spec.model, spec.activation);
}

options::options_description describe_input_options(InputSpec& spec) {
  options::options_description described("datasets and model", 110, 60);
  auto add = described.add_options();
  add("datasets", options::value<std::string>()->value_name("D,...")->default_value("all"),
      "datasets of the suite (see runner datasets list), all, or folders of your own");
  add("views", options::value<int64_t>(&spec.views)->value_name("N")->default_value(10),
      "augmented renderings per training image; 0: the centre crop only");
  described.add(describe_model_options()).add(describe_data_options());
  return described;
}

void read_input_options(InputSpec& spec, const options::variables_map& values) {
  read_data_options(spec, values);
  spec.datasets = values["datasets"].as<std::string>();
  if (spec.views < 0 || spec.views > kMostViews)
    throw Error(fmt::format("--views {}: give 0 to {}", spec.views, kMostViews));
  read_model_options(spec, values);
}

}  // namespace promptbed
