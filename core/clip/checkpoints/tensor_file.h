#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// The named tensors of a file, whatever its form (told by its first bytes, not by its name). Throws Error
/// where it is damaged or holds no tensors.
std::map<std::string, Tensor> read_tensor_file(const std::filesystem::path& path);

/// Whether a file begins as one of torch.save does, in the format of LibTorch 1.6 and later.
bool is_torch_file(const std::filesystem::path& path);

}  // namespace promptbed
