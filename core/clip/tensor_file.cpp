#include "clip/tensor_file.h"

#include "clip/safetensors.h"

namespace promptbed {

std::map<std::string, Tensor> read_tensor_file(const std::filesystem::path& path) {
  return read_safetensors(path).tensors;
}

}  // namespace promptbed
