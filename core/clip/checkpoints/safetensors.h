#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// The contents of a safetensors file.
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  ///< the "__metadata__" texts
};

/// Maps the file into memory. The tensors are copy-on-write views that keep the mapping alive, so pages that
/// nobody touches are never read. The header is checked against the file first. Throws Error if the file is
/// truncated or damaged, names a tensor twice or has a type that LibTorch lacks.
Safetensors read_safetensors(const std::filesystem::path& path);

/// Writes the tensors in this order, atomically. Throws Error if the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace promptbed
