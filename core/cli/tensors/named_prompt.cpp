#include "cli/tensors/named_prompt.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

namespace promptbed {

NamedPrompt read_named_prompt(const std::string& name, const std::filesystem::path& ledger) {
  std::filesystem::path file = find_prompt(name, ledger);
  TrainedPrompt prompt = read_trained_prompt(file);
  if (!prompt.has_hash) {
    std::cerr << fmt::format(
        "note: {}: is of an earlier version and has no hash of its contents, so damage would go unnoticed\n",
        file.string());
  }
  return {std::move(prompt), std::move(file)};
}

}  // namespace promptbed
