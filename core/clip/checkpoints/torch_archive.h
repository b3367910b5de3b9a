#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "formats/pickle.h"

namespace promptbed {

/// A file of torch.save or torch.jit.save, format of LibTorch 1.6 and later: a zip archive of a pickle and
/// the values ("storages") of its tensors. Read as data: nothing in it is executed.
class TorchArchive {
 public:
  /// Reads the pickle. Throws Error if the file is damaged.
  explicit TorchArchive(const std::filesystem::path& path);
  ~TorchArchive();

  const PickleValue& root() const { return *pickle_.root; }

  /// The tensor that a value of the pickle denotes; undefined if it denotes something else. Its values are
  /// read now, and shared by all tensors of the same storage. Throws Error if they are missing or fewer than
  /// the tensor's shape needs.
  Tensor tensor(const PickleValue& value);

 private:
  class Records;
  struct Storage {
    std::shared_ptr<void> data;
    torch::ScalarType type;
    int64_t count;  // values, not bytes
  };

  const Storage& storage(const PickleValue& reference);
  [[noreturn]] void reject(const std::string& fault) const;

  std::filesystem::path path_;
  std::unique_ptr<Records> records_;
  Pickle pickle_;
  std::map<std::string, Storage> storages_;  // those read so far, by key
};

}  // namespace promptbed
