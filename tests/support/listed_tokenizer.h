#pragma once

#include <promptbed/error.h>
#include <promptbed/tokenizer.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"

namespace promptbed::test {

/// Knows the tokens of those texts that a JSON file lists, so that a test needs no vocabulary:
///
///     {"start_of_text": 49406, "end_of_text": 49407, "tokens": {"a photo": [320, 1125]}}
class ListedTokenizer final : public Tokenizer {
 public:
  explicit ListedTokenizer(const std::filesystem::path& path) {
    const nlohmann::json file = read_json(path);
    start_of_text_ = file.at("start_of_text");
    end_of_text_ = file.at("end_of_text");
    tokens_ = file.at("tokens").get<decltype(tokens_)>();
  }

  std::vector<int64_t> encode(std::string_view text) const override {
    const auto found = tokens_.find(text);
    if (found == tokens_.end()) throw Error("the tokens of \"" + std::string(text) + "\" are not listed");
    return found->second;
  }
  int64_t start_of_text() const override { return start_of_text_; }
  int64_t end_of_text() const override { return end_of_text_; }

 private:
  int64_t start_of_text_, end_of_text_;
  std::map<std::string, std::vector<int64_t>, std::less<>> tokens_;
};

}  // namespace promptbed::test
