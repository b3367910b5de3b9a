#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace promptbed {

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
