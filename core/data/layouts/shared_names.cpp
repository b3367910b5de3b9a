#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/layouts/split.h"
#include "tokenizer/words.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

using LabelList = std::vector<size_t>;

/// Labels by what is made of their names, where several have the same.
template <class Form>
std::map<std::string, LabelList> shared_by(const std::vector<std::string>& names, const Form& form) {
  std::map<std::string, LabelList> labels;
  for (size_t label = 0; label < names.size(); ++label) labels[form(names[label])].push_back(label);
  std::erase_if(labels, [](const auto& entry) { return entry.second.size() == 1; });
  return labels;
}

/// With every accent in its letter, as most systems write them.
std::string composed(const std::string& text) {
  UErrorCode fault = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFCInstance(fault);
  if (U_FAILURE(fault)) return text;
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  form->normalizeUTF8(0, text, sink, nullptr, fault);
  return U_FAILURE(fault) ? text : result;
}

/// The words that a prompt has of a name.
std::string read_aloud(const std::string& name) {
  std::string words = composed(name);
  std::ranges::replace(words, '_', ' ');
  return fmt::format("{}", fmt::join(split_words(words), " "));
}

/// "'Wren' and 'wren'" of the labels' names, each once.
std::string quoted_names(const std::vector<std::string>& names, const LabelList& labels) {
  std::set<std::string> quoted;
  for (const size_t label : labels) quoted.insert(fmt::format("'{}'", names[label]));
  return fmt::format("{}", fmt::join(quoted, " and "));
}

}  // namespace

void note_shared_names(Split& split, const fs::path& file) {
  const std::vector<std::string>& names = split.class_names;
  if (const auto shared = shared_by(names, std::identity()); !shared.empty()) {
    const auto& [name, labels] = *shared.begin();
    split.notes.push_back(fmt::format(
        "{}: {} shared by several classes, first '{}' (labels {}); they stay separate "
        "classes, but no prompt can tell them apart",
        file.string(), shared.size() == 1 ? "1 name is" : fmt::format("{} names are", shared.size()), name,
        fmt::join(labels, ", ")));
  }
  auto alike = shared_by(names, read_aloud);
  std::erase_if(alike, [&](const auto& entry) {
    return std::ranges::all_of(entry.second,
                               [&](size_t label) { return names[label] == names[entry.second.front()]; });
  });
  if (alike.empty()) return;
  const LabelList& labels = alike.begin()->second;
  split.notes.push_back(fmt::format(
      "{}: {} of names read the same in a prompt, first {} (labels {}); rename all but one, or put "
      "their images into one class",
      file.string(), alike.size() == 1 ? "a group" : fmt::format("{} groups", alike.size()),
      quoted_names(names, labels), fmt::join(labels, ", ")));
}

}  // namespace promptbed
