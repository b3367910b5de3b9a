#include <algorithm>
#include <sstream>

#include "cli/given.h"

namespace promptbed {
namespace {

constexpr uint64_t kMostInRange = 1000;

/// The first and the last number of "1-3"; those of "7" are the same, and a number may be negative.
std::optional<std::pair<int64_t, int64_t>> range_from(const std::string& text) {
  if (const auto number = number_from<int64_t>(text)) return std::pair(*number, *number);
  const size_t dash = text.find('-', 1);
  if (dash == std::string::npos) return std::nullopt;
  const auto first = number_from<int64_t>(text.substr(0, dash));
  const auto last = number_from<int64_t>(text.substr(dash + 1));
  return first && last ? std::optional(std::pair(*first, *last)) : std::nullopt;
}

/// Without the blanks around it, as in "coop, cocoop".
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

}  // namespace

const std::vector<Values::Entry>& Values::entries_of(std::string_view name) const {
  static const std::vector<Entry> none;
  const auto found = std::ranges::find(entries_, name, [](const auto& option) { return option.first; });
  return found == entries_.end() ? none : found->second;
}

bool Values::given(std::string_view name) const {
  const auto& entries = entries_of(name);
  return !entries.empty() && entries.front().place.origin != Origin::otherwise;
}

std::string Values::text(std::string_view name) const {
  const auto& entries = entries_of(name);
  return entries.empty() ? "" : entries.front().text;
}

std::vector<std::string> Values::texts(std::string_view name) const {
  std::vector<std::string> texts;
  for (const Entry& entry : entries_of(name)) texts.push_back(entry.text);
  return texts;
}

std::vector<std::string> Values::items(std::string_view name) const {
  if (entries_of(name).empty()) return {};
  const std::string list = text(name);
  std::vector<std::string> items;
  std::istringstream in(list);
  for (std::string item; std::getline(in, item, ',');) items.emplace_back(trimmed(item));
  if (list.empty() || list.ends_with(',')) items.emplace_back();
  for (const std::string& item : items) {
    if (item.empty()) throw fault(name, "has an empty item; separate items by one comma");
    if (std::ranges::count(items, item) > 1)
      throw fault(name, fmt::format("names {} twice; leave one out", item));
  }
  return items;
}

std::vector<int64_t> Values::numbers(std::string_view name) const {
  std::vector<int64_t> numbers;
  for (const std::string& item : items(name)) {
    const auto range = range_from(item);
    if (!range)
      throw fault(name, fmt::format("{} is not a whole number; give some, such as 1,2,3 or 1-3", item));
    const auto [first, last] = *range;
    if (first > last) throw fault(name, fmt::format("{} goes down; give {}-{}", item, last, first));
    const uint64_t further = static_cast<uint64_t>(last) - static_cast<uint64_t>(first);
    if (further >= kMostInRange)
      throw fault(name, fmt::format("{} has more than {} numbers; give fewer", item, kMostInRange));
    for (uint64_t i = 0; i <= further; ++i) {
      const int64_t number = first + static_cast<int64_t>(i);
      if (std::ranges::count(numbers, number) > 0)
        throw fault(name, fmt::format("names {} twice; leave one out", number));
      numbers.push_back(number);
    }
  }
  return numbers;
}

std::optional<int64_t> Values::number(std::string_view name) const {
  return number_from<int64_t>(text(name));
}

std::optional<double> Values::real(std::string_view name) const {
  return number_from<double>(text(name));
}

bool Values::flag(std::string_view name) const {
  return !entries_of(name).empty() && flag_from(text(name)).value();
}

int64_t Values::positive(std::string_view name, int64_t otherwise, int64_t most) const {
  const int64_t value = number(name).value_or(otherwise);
  if (value < 1 || value > most) throw fault(name, fmt::format("give 1 to {}", most));
  return value;
}

Error Values::fault(std::string_view name, std::string_view what) const {
  const std::string prefix = given(name) ? entries_of(name).front().place.prefix() : "";
  return Error(fmt::format("{}--{} {}: {}", prefix, name, text(name), what));
}

const std::string& Values::only_argument(const std::string& subcommand, const std::string& what) const {
  if (arguments_.size() == 1) return arguments_.front();
  throw Error(arguments_.empty()
                  ? fmt::format("runner {} needs {}", subcommand, what)
                  : fmt::format("runner {} takes {}, and not also {}", subcommand, what, arguments_[1]));
}

}  // namespace promptbed
