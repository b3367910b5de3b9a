#include "base/suggestion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace promptbed {
namespace {

constexpr size_t kMostNamed = 3;
constexpr size_t kFew = 3;  // known words that are told sooner than guessed among
constexpr size_t kLettersPerSlip = 3;
constexpr size_t kLongestWord = 100;  // a longer one is no slip of the keyboard

/// Without what is often typed wrongly.
std::string folded(std::string_view word) {
  std::string text(word);
  for (char& letter : text)
    letter = letter == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

/// How many letters have to be added, left out, replaced or swapped with the next to get from one word to
/// the other (Damerau and Levenshtein's distance, where nothing is changed twice).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// The known words at the least distance, if that is near enough.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  if (word.empty() || word.size() > kLongestWord) return {};
  const std::string wanted = folded(word);
  size_t least = std::max<size_t>(1, word.size() / kLettersPerSlip);
  std::vector<std::string> found;
  for (const std::string& candidate : known) {
    const size_t slips = distance(wanted, folded(candidate));
    if (slips > least || slips >= candidate.size()) continue;
    if (slips < least) found.clear();
    least = slips;
    found.push_back(candidate);
  }
  return found.size() > kMostNamed ? std::vector<std::string>() : found;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                         std::string_view mark) {
  std::vector<std::string> found = nearest(word, known);
  for (std::string& each : found) each.insert(0, mark);
  return found.empty() ? "" : fmt::format("did you mean {}?", fmt::join(found, " or "));
}

std::string remedy_for(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = known.size() > kFew ? did_you_mean(word, known) : "";
  return near.empty() ? fmt::format("known: {}", fmt::join(known, ", ")) : near;
}

}  // namespace promptbed
