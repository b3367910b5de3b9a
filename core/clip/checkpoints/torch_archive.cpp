#include "clip/checkpoints/torch_files.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "formats/pickle.h"
#include "formats/stored_zip.h"

namespace promptbed {
namespace {

constexpr size_t kMostDimensions = 8;

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> kStorageTypes = {{
    {"torch.DoubleStorage", at::kDouble},
    {"torch.FloatStorage", at::kFloat},
    {"torch.HalfStorage", at::kHalf},
    {"torch.BFloat16Storage", at::kBFloat16},
    {"torch.LongStorage", at::kLong},
    {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort},
    {"torch.CharStorage", at::kChar},
    {"torch.ByteStorage", at::kByte},
    {"torch.BoolStorage", at::kBool},
}};

/// A tuple's integers, if it holds nothing else and none is negative.
std::optional<std::vector<int64_t>> extents(const PickleValue& value) {
  const auto* const tuple = value.as<PickleTuple>();
  if (tuple == nullptr || tuple->items.size() > kMostDimensions) return {};
  std::vector<int64_t> extents;
  for (const PickleValue* item : tuple->items) {
    const auto* const extent = item->as<int64_t>();
    if (extent == nullptr || *extent < 0) return {};
    extents.push_back(*extent);
  }
  return extents;
}

/// Whether a tensor stays within `count` values, and has no more than that many elements.
bool fits(int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
          int64_t count) {
  int64_t last = offset, values = 1;
  bool empty = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t size = std::max<int64_t>(sizes[i], 1);
    int64_t reach = 0;
    if (__builtin_mul_overflow(size - 1, strides[i], &reach) || __builtin_add_overflow(last, reach, &last) ||
        __builtin_mul_overflow(values, size, &values))
      return false;
    empty = empty || sizes[i] == 0;
  }
  return empty ? offset <= count : last < count && values <= count;
}

namespace fs = std::filesystem;

/// Where checkpoints of training keep the model.
constexpr std::array kWrapperKeys = {"state_dict", "model", "model_state_dict"};
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

/// The dict under one of these keys, or else the entries themselves.
const PickleEntries& unwrapped(const PickleEntries& entries) {
  for (const char* key : kWrapperKeys) {
    const PickleValue* const wrapper = find_entry(entries, key);
    const PickleEntries* const wrapped = wrapper != nullptr ? entries_of(*wrapper) : nullptr;
    if (wrapped != nullptr) return *wrapped;
  }
  return entries;
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

TorchArchive::TorchArchive(const std::filesystem::path& path)
    : path_(path), records_(std::make_unique<StoredZip>(path)) {
  // All records are in one folder: "archive/data.pkl".
  if (!records_->names().empty()) {
    const std::string& first = records_->names().front();
    folder_ = first.substr(0, first.find('/') + 1);
  }
  pickle_ = unpickle(records_->read(folder_ + "data.pkl"), path.string());
}

TorchArchive::~TorchArchive() = default;

void TorchArchive::reject(const std::string& fault) const {
  throw Error(
      fmt::format("{}: is damaged ({}); copy or download it again", path_.string(), printable(fault)));
}

const TorchArchive::Storage& TorchArchive::storage(const PickleValue& reference) {
  // ("storage", type, key, device, number of values)
  const auto* const persistent = reference.as<PicklePersistent>();
  const auto* const id = persistent != nullptr ? persistent->id->as<PickleTuple>() : nullptr;
  if (id == nullptr || id->items.size() < 5) reject("a tensor without storage");
  const auto* const type_name = id->items[1]->as<PickleGlobal>();
  const auto* const key = id->items[2]->as<std::string>();
  if (type_name == nullptr || key == nullptr) reject("a storage without type or key");
  if (const auto known = storages_.find(*key); known != storages_.end()) return known->second;

  const auto* const type = std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                                        [&](const auto& named) { return named.first == type_name->name; });
  if (type == kStorageTypes.end()) reject(fmt::format("a storage of unknown type {}", type_name->name));
  const auto data = std::make_shared<std::string>(records_->read(folder_ + "data/" + *key));
  const auto count = static_cast<int64_t>(data->size() / c10::elementSize(type->second));
  return storages_.emplace(*key, Storage{{data, data->data()}, type->second, count}).first->second;
}

Tensor TorchArchive::tensor(const PickleValue& value) {
  const auto* object = value.as<PickleObject>();
  if (object != nullptr && object->callee == "torch._utils._rebuild_parameter" && !object->arguments.empty())
    object = object->arguments[0]->as<PickleObject>();
  if (object == nullptr || object->callee != "torch._utils._rebuild_tensor_v2") return {};

  // (storage, offset, sizes, strides, ...)
  const PickleItems& arguments = object->arguments;
  if (arguments.size() < 4) reject("a tensor without strides");
  const auto* const offset = arguments[1]->as<int64_t>();
  const auto sizes = extents(*arguments[2]), strides = extents(*arguments[3]);
  if (offset == nullptr || *offset < 0 || !sizes || !strides || sizes->size() != strides->size())
    reject("a tensor of impossible shape");
  const Storage& values = storage(*arguments[0]);
  if (!fits(*offset, *sizes, *strides, values.count)) reject("a tensor larger than its storage");
  auto* const first =
      static_cast<char*>(values.data.get()) + *offset * static_cast<int64_t>(c10::elementSize(values.type));
  return at::from_blob(
      first, *sizes, *strides, [data = values.data](void*) {}, at::TensorOptions(values.type));
}

Tensors read_state_dict(const fs::path& path) {
  TorchArchive archive(path);
  Collector collector(archive);
  if (const PickleEntries* const module = attributes_of(archive.root())) {
    collector.collect(*module);
  } else if (const PickleEntries* const dict = entries_of(archive.root())) {
    collector.collect(unwrapped(*dict));
  } else if (const auto* const object = archive.root().as<PickleObject>()) {
    throw Error(fmt::format("{}: holds a whole {} instead of its tensors; save its state_dict()",
                            path.string(), printable(object->callee)));
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
