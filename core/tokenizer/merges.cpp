#include "tokenizer/merges.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <zlib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/files.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOpenAiMerges = "bpe_simple_vocab_16e6.txt.gz";
constexpr size_t kOpenAiMergesUsed = 49152 - 256 - 2;  // of the 262,144 in the file, CLIP uses the first
constexpr size_t kLongestText = 64 << 20;              // bytes that the compressed file may unpack to

[[noreturn]] void reject(const fs::path& path, std::string_view fault) {
  throw Error(fmt::format("{}: {}; download the model again", path.string(), fault));
}

/// Two symbols with a blank between.
std::pair<std::string, std::string> parse_merge(const fs::path& path, std::string_view line) {
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank + 1 == line.size() ||
      line.find(' ', blank + 1) != std::string_view::npos)
    reject(path, fmt::format("'{}' is no pair of symbols", line.substr(0, 40)));
  return {std::string(line.substr(0, blank)), std::string(line.substr(blank + 1))};
}

/// One merge a line, below a line that states the version.
Merges parse_lines(const fs::path& path, std::string_view text, size_t limit) {
  Merges merges;
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

/// The fast tokenizers' file: merges are "a b" in older ones, ["a", "b"] in newer ones.
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
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (file == nullptr) reject(path, "cannot be opened");
  std::string text, buffer(1 << 16, '\0');
  for (;;) {
    const int got = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (got < 0 || text.size() > kLongestText) reject(path, "cannot be unpacked");
    if (got == 0) break;
    text.append(buffer, 0, static_cast<size_t>(got));
  }
  // gzread reports a file that ends too early only here.
  int state = Z_OK;
  gzerror(file.get(), &state);
  if (state != Z_OK) reject(path, "is truncated");
  return text;
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
      "{}: no merges.txt, tokenizer.json or {} is there for the tokenizer; put one of them beside "
      "the weights",
      folder.string(), kOpenAiMerges));
}

}  // namespace promptbed
