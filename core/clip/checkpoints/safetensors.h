#pragma once

#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "formats/safetensors_file.h"

/// Tensors in safetensors files, whose format is read and written by formats/safetensors_file.h.
namespace promptbed {

/// The contents of a safetensors file.
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  TensorTexts texts;  ///< the "__metadata__"
};

/// Whether the format has a type for such numbers: it has none for complex ones.
bool has_safetensors_type(torch::ScalarType type);

/// Maps the file into memory. The tensors are copy-on-write views that keep the mapping alive, so pages that
/// nobody touches are never read. Throws Error as SafetensorsFile does.
Safetensors read_safetensors(const std::filesystem::path& path);

/// Writes the tensors in this order, atomically. Throws Error if the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const TensorTexts& texts = {});

/// Tensors on the CPU and contiguous, copied where they are not, and their bytes.
class BytesOfTensors {
 public:
  explicit BytesOfTensors(const NamedTensors& tensors);

  const std::vector<TensorBytes>& bytes() const { return bytes_; }

 private:
  std::vector<Tensor> held_;
  std::vector<TensorBytes> bytes_;
};

}  // namespace promptbed
