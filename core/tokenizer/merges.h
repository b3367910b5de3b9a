#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {

/// The pairs of symbols that byte-pair encoding joins, the first ones first.
using Merges = std::vector<std::pair<std::string, std::string>>;

/// The merges that belong to a model: from merges.txt, tokenizer.json or OpenAI's
/// bpe_simple_vocab_16e6.txt.gz in the model's folder (or beside the checkpoint file), whichever is found
/// first. Throws Error where there is none or it is damaged.
Merges read_merges(const std::filesystem::path& model);

}  // namespace promptbed
