#pragma once

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <filesystem>
#include <map>
#include <string>

#include "formats/forged_pickle.h"

namespace promptbed::test {

/// An archive as torch.save writes it: a pickle and the bytes of its storages.
inline void write_torch_archive(const std::filesystem::path& path, const std::string& pickle,
                                const std::map<std::string, std::string>& storages) {
  caffe2::serialize::PyTorchStreamWriter writer(path.string());
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  for (const auto& [key, values] : storages) writer.writeRecord("data/" + key, values.data(), values.size());
  writer.writeEndOfFile();
}

/// A state dict of f32 tensors.
inline void write_state_dict(const std::filesystem::path& path,
                             const std::map<std::string, at::Tensor>& tensors) {
  ForgedPickle pickle;
  std::map<std::string, std::string> storages;
  pickle.ordered_dict();
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor values = tensor.contiguous();
    const std::string key = std::to_string(storages.size());
    storages[key] = {static_cast<const char*>(values.data_ptr()), values.nbytes()};
    pickle.text(name).tensor("FloatStorage", key, 0, values.sizes(), values.strides()).op("s");
  }
  write_torch_archive(path, pickle.bytes(), storages);
}

}  // namespace promptbed::test
