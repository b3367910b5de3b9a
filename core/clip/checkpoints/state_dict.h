#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// The named tensors in a file of torch.save or torch.jit.save: of a dict (plain or ordered), of the dict
/// under its key "state_dict", or of a TorchScript module and its submodules ("visual.conv1.weight").
/// Anything else in the file is ignored, and nothing is executed. Throws Error if the file is damaged or has
/// no such tensors.
std::map<std::string, Tensor> read_state_dict(const std::filesystem::path& path);

}  // namespace promptbed
