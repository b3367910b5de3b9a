#include "tokenizer/vocabulary.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

#include "base/files.h"
#include "base/hash.h"
#include "base/input_file.h"
#include "base/json.h"
#include "base/text.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOpenAiMerges = "bpe_simple_vocab_16e6.txt.gz";
constexpr size_t kOpenAiMergesUsed = 49152 - 256 - 2;  // CLIP uses the first of the 262,144 in the file
constexpr size_t kLongestText = 64 << 20;              // bytes that the compressed file may unpack to

constexpr size_t kTokenizerDigits = 16;
/// Of OpenAI's 48,894 merges, of pocket's, and of those that pocket had up to version 0.2.0, whose prompts
/// are still about. Runs with these have no id of a tokenizer.
constexpr std::array<std::string_view, 3> kUsualTokenizers = {"8e14bb26b87b4f26", "e884e83fe525d87a",
                                                              "5003580a7eb4af94"};

[[noreturn]] void reject(const fs::path& path, std::string_view fault) {
  throw Error(fmt::format("{}: {}; download the model again", path.string(), fault));
}

/// Two symbols separated by a blank.
std::pair<std::string, std::string> parse_merge(const fs::path& path, std::string_view line) {
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank + 1 == line.size() ||
      line.find(' ', blank + 1) != std::string_view::npos)
    reject(path, fmt::format("'{}' is not a pair of symbols", line.substr(0, 40)));
  return {std::string(line.substr(0, blank)), std::string(line.substr(blank + 1))};
}

/// One merge per line, after a line with the version.
Merges parse_lines(const fs::path& path, std::string_view text, size_t limit) {
  Merges merges;
  text = without_byte_order_mark(text);
  for (bool first = true; !text.empty() && merges.size() < limit; first = false) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_version = first && line.find("#version") != std::string_view::npos;
    if (!is_version && !line.empty()) merges.push_back(parse_merge(path, line));
  }
  return merges;
}

/// The fast tokenizers' file: older ones write merges as "a b", newer ones as ["a", "b"].
Merges parse_tokenizer_json(const fs::path& path) {
  const nlohmann::json contents = read_json(path);
  Merges merges;
  try {
    for (const nlohmann::json& merge : contents.at("model").at("merges")) {
      merges.push_back(merge.is_string() ? parse_merge(path, merge.get<std::string>())
                                         : merge.get<std::pair<std::string, std::string>>());
    }
  } catch (const nlohmann::json::exception&) {
    reject(path, "has no BPE merges");
  }
  return merges;
}

std::string unpack(const fs::path& path) {
  const InputFile input(path);
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzdopen(::dup(input.descriptor()), "rb"), gzclose);
  if (file == nullptr) reject(path, "cannot be opened");
  std::string text, buffer(1 << 16, '\0');
  for (;;) {
    const int got = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (got < 0 || text.size() > kLongestText) reject(path, "cannot be unpacked");
    if (got == 0) break;
    text.append(buffer, 0, static_cast<size_t>(got));
  }
  // gzread reports truncation only here.
  int state = Z_OK;
  gzerror(file.get(), &state);
  if (state != Z_OK) reject(path, "is truncated");
  return text;
}

const VocabularyToken& found(const std::unordered_map<std::string, size_t>& ids,
                             const std::vector<VocabularyToken>& vocabulary, const std::string& symbol) {
  const auto id = ids.find(symbol);
  if (id == ids.end())
    throw Error(
        fmt::format("merges join '{}', which no earlier merge makes; download the model again", symbol));
  return vocabulary[id->second];
}

}  // namespace

Merges read_merges(const fs::path& model) {
  const fs::path folder = fs::is_directory(model) ? model : model.parent_path();
  if (const fs::path path = folder / "merges.txt"; fs::exists(path))
    return parse_lines(path, read_file(path), std::string::npos);
  if (const fs::path path = folder / "tokenizer.json"; fs::exists(path)) return parse_tokenizer_json(path);
  if (const fs::path path = folder / kOpenAiMerges; fs::exists(path))
    return parse_lines(path, unpack(path), kOpenAiMergesUsed);
  throw Error(fmt::format(
      "{}: has no merges.txt, tokenizer.json or {} for the tokenizer; put one of them beside the weights",
      folder.string(), kOpenAiMerges));
}

std::string tokenizer_id(const Merges& merges) {
  Hasher hasher;
  for (const auto& [left, right] : merges) hasher.add(left).add(right);
  const std::string id = hasher.hex().substr(0, kTokenizerDigits);
  return std::ranges::find(kUsualTokenizers, id) == kUsualTokenizers.end() ? id : "";
}

std::array<uint8_t, kBytes> bytes_in_token_order() {
  const auto printable = [](int byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
  };
  std::array<uint8_t, kBytes> bytes;
  for (int byte = 0; byte < kBytes; ++byte) bytes[byte] = static_cast<uint8_t>(byte);
  std::stable_partition(bytes.begin(), bytes.end(), printable);
  return bytes;
}

std::vector<std::string> byte_symbols() {
  std::vector<std::string> symbols;
  char16_t next = 0x100;
  const std::array<uint8_t, kBytes> bytes = bytes_in_token_order();
  const auto others =
      std::adjacent_find(bytes.begin(), bytes.end(), std::greater<>());  // where the order restarts
  for (auto byte = bytes.begin(); byte != bytes.end(); ++byte) {
    const char16_t character = byte <= others ? char16_t{*byte} : next++;
    icu::UnicodeString(character).toUTF8String(symbols.emplace_back());
  }
  return symbols;
}

std::vector<std::string> spell_in_bytes(std::string_view word) {
  static const std::array<std::string, kBytes> symbol_of_byte = [] {
    std::array<std::string, kBytes> by_byte;
    const auto bytes = bytes_in_token_order();
    const auto symbols = byte_symbols();
    for (int64_t n = 0; n < kBytes; ++n) by_byte[bytes[n]] = symbols[n];
    return by_byte;
  }();
  std::vector<std::string> symbols;
  for (const char byte : word) symbols.push_back(symbol_of_byte[static_cast<uint8_t>(byte)]);
  if (!symbols.empty()) symbols.back() += kWordEnd;
  return symbols;
}

std::string VocabularyToken::text() const {
  std::string text;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());  // what U8_NEXT expects
  const auto length = static_cast<int32_t>(bytes.size());
  for (int32_t place = 0; place < length;) {
    const int32_t begin = place;
    UChar32 character = 0;
    U8_NEXT(data, place, length, character);
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
