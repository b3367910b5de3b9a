#include "base/json.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"

namespace promptbed {
namespace {

/// The library copies, compares and prints JSON by recursion, so that deep nesting would overflow the stack.
constexpr size_t kDeepest = 100;

constexpr const char* kRemedy = "fix or replace the file";

/// Where JSON is nested more than kDeepest levels; the text's size if it nowhere is. Of what is not JSON
/// nothing is promised.
size_t too_deep(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return i;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return text.size();
}

[[noreturn]] void refuse(std::string_view text, std::string_view source, size_t place, const char* what) {
  const bool has_lines = text.find('\n') != std::string_view::npos;
  const auto line = 1 + std::ranges::count(text.substr(0, place), '\n');
  throw Error(
      fmt::format("{}{}: {}; {}", source, has_lines ? fmt::format(", line {}", line) : "", what, kRemedy));
}

/// Notices keys that an object has twice while the library parses.
class KeyWatch {
 public:
  explicit KeyWatch(std::string_view source) : source_(source) {}

  bool operator()(int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) open_.emplace_back();
    if (event == Event::object_end) open_.pop_back();
    if (event == Event::key && !open_.back().insert(parsed.get<std::string>()).second)
      throw Error(fmt::format("{}: has the key '{}' twice; {}", source_, parsed.get<std::string>(), kRemedy));
    return true;
  }

 private:
  std::string_view source_;
  std::vector<std::set<std::string>> open_;  ///< the keys of each object that has not ended
};

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view source, RepeatedKeys repeated) {
  if (const size_t place = too_deep(text); place < text.size())
    refuse(text, source, place, "is nested too deeply");
  try {
    if (repeated == RepeatedKeys::last_wins) return nlohmann::json::parse(text);
    return nlohmann::json::parse(text, KeyWatch(source));
  } catch (const nlohmann::json::parse_error& fault) {
    refuse(text, source, fault.byte > 0 ? fault.byte - 1 : 0, "is not JSON");
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: holds a number out of range; {}", source, kRemedy));
  }
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

std::optional<int64_t> whole_number(const nlohmann::json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  const bool fits = !json.is_number_unsigned() || json.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
  return fits ? std::optional(json.get<int64_t>()) : std::nullopt;
}

}  // namespace promptbed
