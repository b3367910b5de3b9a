#include "clip/checkpoints/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace promptbed {
namespace {

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> kTypes = {{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

at::ScalarType type_named(std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, [](const auto& type) { return type.first; });
  TORCH_INTERNAL_ASSERT(found != kTypes.end());
  return found->second;
}

std::string_view name_of(at::ScalarType type) {
  const auto* found = std::ranges::find(kTypes, type, [](const auto& known) { return known.second; });
  TORCH_INTERNAL_ASSERT(found != kTypes.end());
  return found->first;
}

Tensor view_of(const TensorBytes& stored, const std::shared_ptr<const MappedBytes>& mapping) {
  const at::ScalarType type = type_named(stored.type);
  // Tensors know no constness, and the mapping is private to this process.
  auto* const first = const_cast<std::byte*>(stored.bytes.data());
  Tensor view = at::from_blob(
      first, stored.shape, [mapping](void*) {}, at::TensorOptions(type));
  const bool aligned = reinterpret_cast<std::uintptr_t>(first) % c10::elementSize(type) == 0;
  return aligned ? view : at::empty(stored.shape, type).copy_(view);
}

}  // namespace

bool has_safetensors_type(torch::ScalarType type) {
  return std::ranges::find(kTypes, type, [](const auto& known) { return known.second; }) != kTypes.end();
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  Safetensors contents{.tensors = {}, .texts = file.texts()};
  for (const TensorBytes& stored : file.tensors())
    contents.tensors[stored.name] = view_of(stored, file.mapping());
  return contents;
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const TensorTexts& texts) {
  write_safetensors_file(path, BytesOfTensors(tensors).bytes(), texts);
}

BytesOfTensors::BytesOfTensors(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const Tensor& held = held_.emplace_back(tensor.detach().cpu().contiguous());
    bytes_.push_back({.name = name,
                      .type = name_of(held.scalar_type()),
                      .shape = held.sizes().vec(),
                      .bytes = {static_cast<const std::byte*>(held.data_ptr()), held.nbytes()}});
  }
}

}  // namespace promptbed
