#include "tokenizer/vocabulary.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <unicode/utf8.h>

#include <unordered_map>

#include "tokenizer/byte_symbols.h"

namespace promptbed {
namespace {

const VocabularyToken& found(const std::unordered_map<std::string, size_t>& ids,
                             const std::vector<VocabularyToken>& vocabulary, const std::string& symbol) {
  const auto id = ids.find(symbol);
  if (id == ids.end())
    throw Error(
        fmt::format("merges join '{}', which no earlier one makes; download the model again", symbol));
  return vocabulary[id->second];
}

}  // namespace

std::string VocabularyToken::text() const {
  std::string text;
  const auto length = static_cast<int32_t>(bytes.size());
  for (int32_t place = 0; place < length;) {
    const int32_t begin = place;
    UChar32 character = 0;
    U8_NEXT(bytes.data(), place, length, character);
    if (character >= 0) {
      text.append(bytes, static_cast<size_t>(begin), static_cast<size_t>(place - begin));
      continue;
    }
    for (int32_t byte = begin; byte < place; ++byte)
      text += fmt::format("\\x{:02x}", static_cast<uint8_t>(bytes[static_cast<size_t>(byte)]));
  }
  return ends_word ? text : text + "-";
}

std::vector<VocabularyToken> vocabulary_of(const Merges& merges) {
  std::vector<VocabularyToken> vocabulary;
  std::unordered_map<std::string, size_t> ids;  // by symbol
  const auto symbols = byte_symbols();
  const auto bytes = bytes_in_token_order();
  for (const bool ends_word : {false, true}) {
    for (size_t n = 0; n < bytes.size(); ++n) {
      ids[ends_word ? symbols[n] + kWordEnd : symbols[n]] = vocabulary.size();
      vocabulary.push_back({std::string(1, static_cast<char>(bytes[n])), ends_word});
    }
  }
  for (const auto& [left, right] : merges) {
    const VocabularyToken& begin = found(ids, vocabulary, left);
    const VocabularyToken& end = found(ids, vocabulary, right);
    VocabularyToken token{begin.bytes + end.bytes, end.ends_word};
    ids[left + right] = vocabulary.size();
    vocabulary.push_back(std::move(token));
  }
  vocabulary.push_back({"<|startoftext|>", true});
  vocabulary.push_back({"<|endoftext|>", true});
  return vocabulary;
}

std::string joined(const std::vector<int64_t>& tokens, const std::vector<VocabularyToken>& vocabulary) {
  const auto first_mark = static_cast<int64_t>(vocabulary.size()) - 2;
  std::string text;
  for (const int64_t token : tokens) {
    if (token >= first_mark) continue;
    const VocabularyToken& part = vocabulary[static_cast<size_t>(token)];
    text += part.bytes;
    if (part.ends_word) text += ' ';
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace promptbed
