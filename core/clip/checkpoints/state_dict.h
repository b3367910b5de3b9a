#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// The named tensors of a file of torch.save or torch.jit.save: of a dict (plain or ordered), of the dict
/// under "state_dict" in it, or of a TorchScript module and its submodules ("visual.conv1.weight"). Other
/// things in the file are ignored, and nothing is executed. Throws Error where it is damaged or has no such
/// tensors.
std::map<std::string, Tensor> read_state_dict(const std::filesystem::path& path);

}  // namespace promptbed
