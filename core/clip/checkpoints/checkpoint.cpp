#include "clip/checkpoints/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <cmath>
#include <span>
#include <string_view>

#include "base/hash.h"
#include "base/mapped_bytes.h"
#include "clip/checkpoints/architecture.h"
#include "clip/checkpoints/layouts.h"

namespace promptbed {

namespace fs = std::filesystem;

namespace {

/// Values converted and hashed at a time: few enough to stay in the processor's cache.
constexpr int64_t kHashedAtOnce = 1 << 18;

/// The sum of finite values may overflow; it is the quick answer.
bool is_finite(const Tensor& values) {
  return std::isfinite(values.sum().item<float>()) || at::isfinite(values).all().item<bool>();
}

void add_values(Hasher& hasher, const std::string& name, const Tensor& tensor) {
  for (const Tensor& piece : tensor.reshape(-1).split(kHashedAtOnce)) {
    const Tensor values = piece.to(at::kCPU, at::kFloat).contiguous();
    if (!is_finite(values))
      throw Error(fmt::format("tensor '{}' holds NaN or infinity; download the model again", name));
    hasher.add(std::as_bytes(std::span(values.data_ptr<float>(), static_cast<size_t>(values.numel()))));
  }
}

Checkpoint read(const fs::path& path, std::optional<Activation> activation) {
  if (!fs::is_directory(path)) return read_bare_checkpoint(path, activation);
  return is_open_clip_folder(path) ? read_open_clip_folder(path) : read_huggingface_folder(path);
}

}  // namespace

const Tensor& Checkpoint::at(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw Error(fmt::format("the checkpoint has no tensor '{}'; give a complete CLIP with --model", name));
  return found->second;
}

std::string Checkpoint::fingerprint() const {
  Hasher hasher;
  hasher.add(static_cast<int64_t>(activation)).add(vision_heads).add(text_heads);
  for (const auto& [name, tensor] : tensors) {
    hasher.add(name).add(tensor.dim());
    for (const int64_t extent : tensor.sizes()) hasher.add(extent);
    add_values(hasher, name, tensor);
    promptbed::let_go(tensor);
  }
  return hasher.hex();
}

void Checkpoint::let_go() const {
  for (const auto& [name, tensor] : tensors) promptbed::let_go(tensor);
}

void let_go(const Tensor& tensor) {
  if (tensor.is_cpu()) let_go(std::span(static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()));
}

Checkpoint load_checkpoint(const fs::path& path, std::optional<Activation> activation) {
  if (!fs::exists(path))
    throw Error(
        fmt::format("{}: no such model; give a folder or a checkpoint file with --model", path.string()));
  try {
    Checkpoint checkpoint = read(path, activation);
    check_architecture(checkpoint);
    if (activation && *activation != checkpoint.activation) {
      throw Error(fmt::format("the model has {}; leave --activation out",
                              checkpoint.activation == Activation::gelu ? "gelu" : "quick_gelu"));
    }
    return checkpoint;
  } catch (const Error& fault) {
    if (std::string_view(fault.what()).starts_with(path.string())) throw;
    throw Error(fmt::format("{}: {}", path.string(), fault.what()));
  }
}

}  // namespace promptbed
