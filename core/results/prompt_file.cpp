#include "results/prompt_file.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <cstdint>
#include <map>
#include <string_view>
#include <system_error>

#include "base/hash.h"

namespace promptbed {

std::string hash_of_prompt(const TensorTexts& texts, std::span<const TensorBytes> state) {
  Hasher hasher;
  for (const auto& [key, text] : texts) hasher.add(key).add(text);
  std::map<std::string_view, const TensorBytes*> sorted;
  for (const TensorBytes& tensor : state) sorted.emplace(tensor.name, &tensor);
  for (const auto& [name, tensor] : sorted) {
    hasher.add(name).add(tensor->type).add(static_cast<int64_t>(tensor->shape.size()));
    for (const int64_t extent : tensor->shape) hasher.add(extent);
    hasher.add(tensor->bytes);
  }
  return hasher.hex();
}

std::string hash_of_state(std::span<const TensorBytes> state) {
  if (state.empty()) return {};
  Hasher hasher;
  for (const TensorBytes& tensor : state) hasher.add(std::string_view(tensor.name)).add(tensor.bytes);
  return hasher.hex();
}

std::string fault_of_prompt(const std::filesystem::path& prompt, const std::string& state_hash) {
  constexpr const char* kRemedy = "train it once more with --force";
  std::error_code failure;
  if (!std::filesystem::exists(prompt, failure))
    return fmt::format("{}: is missing, although its run is done; {}", prompt.string(), kRemedy);
  try {
    const SafetensorsFile file(prompt);
    TensorTexts texts = file.texts();
    const auto hash = texts.extract(kPromptHash);
    if (!hash.empty() && hash.mapped() != hash_of_prompt(texts, file.tensors())) {
      return fmt::format("{}: is damaged (it does not match its hash); restore a copy, or {}",
                         prompt.string(), kRemedy);
    }
    if (hash_of_state(file.tensors()) != state_hash)
      return fmt::format("{}: is not what its run has recorded; {}", prompt.string(), kRemedy);
    return "";
  } catch (const Error& fault) {
    return fault.what();
  }
}

}  // namespace promptbed
