#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// The named tensors of a file in any known format, recognised by its first bytes, not its name. Throws Error
/// if it is damaged or holds no tensors.
std::map<std::string, Tensor> read_tensor_file(const std::filesystem::path& path);

/// Whether a file begins like one written by torch.save since LibTorch 1.6.
bool is_torch_file(const std::filesystem::path& path);

}  // namespace promptbed
