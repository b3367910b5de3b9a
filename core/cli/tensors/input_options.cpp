#include "cli/tensors/input_options.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <torch/cuda.h>

#include <iostream>

#include "base/installation.h"
#include "base/text.h"
#include "clip/towers/arithmetic.h"
#include "data/suites/suite.h"

namespace promptbed {
namespace {

constexpr int64_t kMostViews = 1000;

/// A GPU has to be there, unless that is up to the machines that Slurm finds.
torch::Device read_device(const Values& values) {
  const torch::Device device = parse_device(values.text("device"), "--device");
  if (device.is_cuda() && values.text("executor") != "slurm")
    check_gpu(device, static_cast<int64_t>(torch::cuda::device_count()), "--device");
  return device;
}

}  // namespace

void read_model_options(InputSpec& spec, const Values& values) {
  spec.model = values.text("model");
  if (values.given("activation")) {
    spec.activation = values.one_of<Activation>(
        "activation", {{"quick_gelu", Activation::quick_gelu}, {"gelu", Activation::gelu}});
  }
  spec.placement.device = read_device(values);
  spec.placement.precision = values.one_of<Precision>("precision", {{"f32", Precision::f32},
                                                                    {"bf16", Precision::bf16},
                                                                    {"f16", Precision::f16},
                                                                    {"tf32", Precision::tf32}});
  if (spec.placement.precision == Precision::tf32 && !spec.placement.device.is_cuda())
    throw Error("--precision tf32: only GPUs have it; give f32, bf16 or f16, or --device cuda");
  settle_arithmetic(spec.placement);
}

void read_input_options(InputSpec& spec, const Values& values) {
  read_data_options(spec, values, values.text("datasets"));
  read_model_options(spec, values);
  spec.views = *values.number("views");
  if (spec.views < 0 || spec.views > kMostViews)
    throw Error(fmt::format("--views {}: give 0 to {}", spec.views, kMostViews));
  if (values.given("crops")) spec.crops = parse_crops(values.text("crops"), "--crops");
}

ClipModel load_model(const Values& values) {
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

std::vector<std::filesystem::path> read_plugin_folders(const Values& values) {
  if (!values.given("plugins")) return {};
  const std::filesystem::path folder = values.text("plugins");
  std::error_code failure;
  if (!std::filesystem::is_directory(folder, failure))
    throw values.fault("plugins", "is no folder; give the one that holds the plugins, such as build/plugins");
  return {folder};
}

MethodRegistry load_plugins(const Values& values) {
  MethodRegistry registry(plugin_folders(read_plugin_folders(values)));
  for (const std::string& complaint : registry.complaints())
    std::cerr << "warning: " << printable(complaint) << '\n';
  return registry;
}

}  // namespace promptbed
