#include "data/layouts/folder_index.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/writer_lock.h"
#include "formats/word_list.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

// The file's words: for each folder its path, its time, the number of its folders, their names, the number of
// its files, their names.
constexpr std::string_view kHeading = "promptbed folders 1";
constexpr auto kTicksMayCoincide = std::chrono::seconds(2);

/// The length of a list, each of whose words takes a byte at least.
int64_t count_in(WordReader& words) {
  return std::min(words.number().value_or(0), static_cast<int64_t>(words.rest().size()));
}

std::vector<std::string> list_in(WordReader& words) {
  std::vector<std::string> names(static_cast<size_t>(count_in(words)));
  for (std::string& name : names) name = words.word().value_or("");
  return names;
}

/// The next two lists, still encoded.
std::string_view two_lists_in(WordReader& words) {
  const std::string_view begin = words.rest();
  for (int list = 0; list < 2; ++list) {
    for (int64_t names = count_in(words); names > 0; --names) words.word();
  }
  return begin.substr(0, begin.size() - words.rest().size());
}

std::string packed(const FolderNames& names) {
  std::string text;
  for (const std::vector<std::string>* list : {&names.folders, &names.files}) {
    append_word(text, static_cast<int64_t>(list->size()));
    for (const std::string& name : *list) append_word(text, name);
  }
  return text;
}

FolderNames unpacked(std::string_view text) {
  WordReader words(text);
  FolderNames names;
  names.folders = list_in(words);
  names.files = list_in(words);
  return names;
}

size_t count_names(std::string_view packed) {
  return static_cast<size_t>(std::ranges::count(packed, '\0')) - 2;  // two of the words are counts
}

[[noreturn]] void fail_to_list(const fs::path& folder, const std::error_code& failure) {
  throw Error(fmt::format("{}: cannot be listed ({}); check that it exists and its permissions",
                          folder.string(), failure.message()));
}

/// Whether an entry is a folder. Only links cost a look at the disk.
bool leads_to_folder(const fs::directory_entry& entry) {
  std::error_code failure;
  const bool is_folder = entry.is_directory(failure);
  if (failure == std::errc::too_many_symbolic_link_levels) {
    throw Error(fmt::format("{}: is a cyclic link; remove it", entry.path().string()));
  }
  return is_folder;
}

FolderNames read_folder(const fs::path& folder) {
  std::error_code failure;
  FolderNames names;
  fs::directory_iterator entries(folder, failure);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    std::string name = entries->path().filename().string();
    if (name.starts_with('.')) continue;
    (leads_to_folder(*entries) ? names.folders : names.files).push_back(std::move(name));
  }
  if (failure) fail_to_list(folder, failure);
  std::ranges::sort(names.folders);
  std::ranges::sort(names.files);
  return names;
}

int64_t ticks(fs::file_time_type time) {
  return time.time_since_epoch().count();
}

}  // namespace

FolderIndex::FolderIndex(fs::path file, size_t worth_remembering)
    : file_(std::move(file)), worth_remembering_(worth_remembering) {
  if (fs::exists(file_)) read();
}

void FolderIndex::read() {
  const std::string text = read_file(file_);
  std::optional<WordReader> words = open_words(text, kHeading);
  while (words && !words->at_end()) {
    const std::string folder(words->word().value_or(""));
    Entry& entry = known_[folder];
    entry.time = words->number().value_or(0);
    entry.names = two_lists_in(*words);
  }
}

FolderNames FolderIndex::list(const fs::path& folder) {
  std::error_code failure;
  const fs::file_time_type time = fs::last_write_time(folder, failure);
  if (failure) fail_to_list(folder, failure);
  const std::string path = folder.string();
  const auto known = known_.find(path);
  if (known != known_.end() && known->second.time == ticks(time)) {
    listed_.insert(known_.extract(known));
    return unpacked(listed_.at(path).names);
  }
  const auto now = fs::file_time_type::clock::now();
  FolderNames names = read_folder(folder);
  if (!file_.empty() && time < now - kTicksMayCoincide) {
    listed_[path] = {ticks(time), packed(names)};
    changed_ = true;
  }
  return names;
}

void FolderIndex::save() {
  if (file_.empty()) return;
  if (!changed_) return tidy_after_killed(file_);
  size_t names = 0;
  for (const auto& [folder, entry] : listed_) names += count_names(entry.names);
  if (names < worth_remembering_) return;
  std::string text;
  append_word(text, kHeading);
  for (const auto& [folder, entry] : listed_) {
    append_word(text, folder);
    append_word(text, entry.time);
    text += entry.names;
  }
  std::ostream nowhere(nullptr);
  const WriterLock lock(file_, nowhere);
  write_file(file_, sealed_words(std::move(text)));
  changed_ = false;
}

}  // namespace promptbed
