#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace promptbed {

/// What a safetensors file holds.
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  ///< the "__metadata__" texts
};

/// Maps the file into memory: the tensors are copy-on-write views that keep the mapping alive, so that pages
/// that nobody looks at are never read. All that the header says is checked against the file first. Throws
/// Error where the file is truncated, damaged or of a type that LibTorch lacks.
Safetensors read_safetensors(const std::filesystem::path& path);

/// Writes the tensors in their order, readers never seeing a part of the file. Throws Error where it cannot
/// be written.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace promptbed
