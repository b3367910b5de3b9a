#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "formats/pickle.h"

namespace promptbed {

class StoredZip;

/// A file of torch.save or torch.jit.save, format of LibTorch 1.6 and later: a zip archive of a pickle and
/// the values ("storages") of its tensors. Read as data: nothing in it is executed.
class TorchArchive {
 public:
  /// Reads the pickle. Throws Error if the file is damaged or a record of it is compressed, which
  /// torch.save's never are.
  explicit TorchArchive(const std::filesystem::path& path);
  ~TorchArchive();

  const PickleValue& root() const { return *pickle_.root; }

  /// The tensor that a value of the pickle denotes; undefined if it denotes something else. Its values are
  /// read now, and shared by all tensors of the same storage. Throws Error if they are missing or fewer than
  /// the tensor's shape needs.
  Tensor tensor(const PickleValue& value);

 private:
  struct Storage {
    std::shared_ptr<void> data;
    torch::ScalarType type;
    int64_t count;  // values, not bytes
  };

  const Storage& storage(const PickleValue& reference);
  [[noreturn]] void reject(const std::string& fault) const;

  std::filesystem::path path_;
  std::unique_ptr<StoredZip> records_;
  std::string folder_;  // of all records, with its slash
  Pickle pickle_;
  std::map<std::string, Storage> storages_;  // those read so far, by key
};

/// The named tensors in a file of torch.save or torch.jit.save: of a dict (plain or ordered), of the dict
/// under its key "state_dict", "model" or "model_state_dict", or of a TorchScript module and its submodules
/// ("visual.conv1.weight"). Anything else in the file is ignored, and nothing is executed. Throws Error if
/// the file is damaged or has no such tensors.
std::map<std::string, Tensor> read_state_dict(const std::filesystem::path& path);

struct TorchEntry;

/// A Python dict with string keys, in order.
using TorchDict = std::vector<TorchEntry>;

/// What such a file may hold here: None, an integer, a string, a tensor or a dict.
using TorchValue = std::variant<std::monostate, int64_t, std::string, Tensor, TorchDict>;

struct TorchEntry {
  std::string key;
  TorchValue value;
};

/// Writes a file that torch.load reads (with weights_only, too), in the format of torch.save since
/// LibTorch 1.6, atomically. Throws Error if it cannot be written.
///
///     write_torch_file("model.pth.tar-50", {{"state_dict", TorchDict{{"ctx", ctx}}}, {"epoch",
///     int64_t{50}}});
void write_torch_file(const std::filesystem::path& path, const TorchDict& contents);

}  // namespace promptbed
