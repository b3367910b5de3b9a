#pragma once

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/files.h"
#include "formats/safetensors_file.h"
#include "support/golden.h"

namespace promptbed::test {

/// What the authors' code says of drawn predictions: "methods/metrics" of the golden folder.
class GoldenMetrics {
 public:
  GoldenMetrics() {
    const std::filesystem::path file = golden_folder() / "methods/metrics";
    if (!std::filesystem::exists(file.string() + ".json")) return;
    tensors_.emplace(file.string() + ".safetensors");
    described_ = nlohmann::json::parse(read_file(file.string() + ".json"));
  }

  bool is_there() const { return tensors_.has_value(); }

  /// The published numbers of a group, each with the name of its set.
  const nlohmann::json& values(const char* group) const { return described_.at(group).at("values"); }

  /// All elements of a tensor, which must be of the type.
  template <class Value>
  std::vector<Value> numbers(const std::string& name) const {
    for (const TensorBytes& tensor : tensors_->tensors()) {
      if (tensor.name != name) continue;
      std::vector<Value> numbers(tensor.bytes.size() / sizeof(Value));
      std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
      return numbers;
    }
    throw std::out_of_range(name);
  }

 private:
  std::optional<SafetensorsFile> tensors_;
  nlohmann::json described_;
};

}  // namespace promptbed::test
