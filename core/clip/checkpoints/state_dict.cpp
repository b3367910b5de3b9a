#include "clip/checkpoints/state_dict.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <set>

#include "clip/checkpoints/torch_archive.h"
#include "formats/pickle.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWrapper = "state_dict";
constexpr const char* kTorchScript = "__torch__.";
constexpr int kDeepestModule = 32;

using Tensors = std::map<std::string, Tensor>;

/// The attributes of a TorchScript module; nullptr if the value is something else.
const PickleEntries* attributes_of(const PickleValue& value) {
  const auto* const object = value.as<PickleObject>();
  if (object == nullptr || !object->callee.starts_with(kTorchScript) || object->state == nullptr)
    return nullptr;
  return entries_of(*object->state);
}

/// The dict under "state_dict", or else the entries themselves.
const PickleEntries& unwrapped(const PickleEntries& entries) {
  const PickleValue* const wrapper = find_entry(entries, kWrapper);
  const PickleEntries* const wrapped = wrapper != nullptr ? entries_of(*wrapper) : nullptr;
  return wrapped != nullptr ? *wrapped : entries;
}

/// Collects the tensors of a dict or module and of its submodules. Each module is visited once, so that
/// modules that contain each other do not loop.
class Collector {
 public:
  explicit Collector(TorchArchive& archive) : archive_(archive) {}

  void collect(const PickleEntries& entries, const std::string& prefix = "", int depth = 0) {
    if (depth > kDeepestModule || !visited_.insert(&entries).second) return;
    for (const auto& [key, value] : entries) {
      const auto* const name = key->as<std::string>();
      if (name == nullptr) continue;
      if (Tensor tensor = archive_.tensor(*value); tensor.defined()) {
        tensors_[prefix + *name] = std::move(tensor);
      } else if (const PickleEntries* const attributes = attributes_of(*value)) {
        collect(*attributes, prefix + *name + '.', depth + 1);
      }
    }
  }

  Tensors take() { return std::move(tensors_); }

 private:
  TorchArchive& archive_;
  Tensors tensors_;
  std::set<const PickleEntries*> visited_;
};

}  // namespace

Tensors read_state_dict(const fs::path& path) {
  TorchArchive archive(path);
  Collector collector(archive);
  if (const PickleEntries* const module = attributes_of(archive.root())) {
    collector.collect(*module);
  } else if (const PickleEntries* const dict = entries_of(archive.root())) {
    collector.collect(unwrapped(*dict));
  } else if (const auto* const object = archive.root().as<PickleObject>()) {
    throw Error(fmt::format("{}: holds a whole {} instead of its tensors; save its state_dict()",
                            path.string(), object->callee));
  }
  Tensors tensors = collector.take();
  if (tensors.empty()) {
    throw Error(
        fmt::format("{}: holds no named tensors; give one written by torch.save(model.state_dict(), path)",
                    path.string()));
  }
  return tensors;
}

}  // namespace promptbed
