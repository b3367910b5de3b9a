#include "clip/towers/placement.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include "clip/towers/stand_in_device.h"

namespace promptbed {
namespace {

constexpr std::string_view kStandIn = "stand-in";

}  // namespace

std::string_view to_string(Precision precision) {
  return to_name(kPrecisions, precision);
}

std::string device_text(torch::Device device) {
  return device.type() == torch::kPrivateUse1 ? std::string(kStandIn) : device.str();
}

torch::Device parse_device(std::string_view text, std::string_view where) {
  if (text == kStandIn) {
    if (const auto device = stand_in_device()) return *device;
    throw Error(fmt::format("{} {}: there is none with LibTorch 2; use cpu or cuda", where, text));
  }
  try {
    // LibTorch keeps an index in eight bits: a greater one would be another GPU's.
    const torch::Device device{std::string(text)};
    if (device.str() == text && (device.is_cuda() || (device.is_cpu() && !device.has_index()))) return device;
  } catch (const c10::Error&) {
    // Not a device at all: refused below.
  }
  throw Error(fmt::format("{} {}: known: cpu, cuda, cuda:N, stand-in", where, text));
}

void check_gpu(torch::Device device, int64_t gpus, std::string_view where) {
  if (!device.is_cuda()) return;
  if (gpus == 0)
    throw Error(fmt::format("{} {}: this LibTorch has no CUDA device; use cpu", where, device.str()));
  if (device.has_index() && device.index() >= gpus) {
    throw Error(fmt::format(
        "{} {}: LibTorch sees {}", where, device.str(),
        gpus == 1 ? "one GPU; give cuda:0" : fmt::format("{} GPUs; give cuda:0 to cuda:{}", gpus, gpus - 1)));
  }
}

}  // namespace promptbed
