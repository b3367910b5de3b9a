#include "data/pictures/content_index.h"

#include <promptbed/error.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <span>
#include <utility>

#include "base/files.h"
#include "base/hash.h"
#include "base/writer_lock.h"
#include "formats/word_list.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

// The file's words: for each image its path, its stamp and its hash.
constexpr std::string_view kHeading = "promptbed contents 1";
constexpr int64_t kNanoseconds = 1'000'000'000;
constexpr int64_t kTicksMayCoincide = 2 * kNanoseconds;

int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * kNanoseconds + time.tv_nsec;
}

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

uint64_t hash_of_contents(std::string_view bytes) {
  return std::max<uint64_t>(Hasher().add(std::as_bytes(std::span(bytes))).low64(), 1);
}

ContentIndex::ContentIndex(ImageFiles files, fs::path file, size_t worth_remembering)
    : files_(std::move(files)), file_(std::move(file)), worth_remembering_(worth_remembering) {
  std::error_code failure;
  if (fs::exists(file_, failure)) read();
}

void ContentIndex::read() {
  std::string text;
  try {
    text = read_file(file_);
  } catch (const Error&) {
    return;  // as good as none: the images are read again
  }
  std::optional<WordReader> words = open_words(text, kHeading);
  while (words && !words->at_end()) {
    Entry& entry = known_[std::string(words->word().value_or(""))];
    for (int64_t* number :
         {&entry.stamp.inode, &entry.stamp.bytes, &entry.stamp.modified, &entry.stamp.changed})
      *number = words->number().value_or(0);
    entry.hash = static_cast<uint64_t>(words->number().value_or(0));
  }
}

std::optional<uint64_t> ContentIndex::find(const std::string& image) {
  if (const auto seen = seen_.find(image); seen != seen_.end()) return seen->second.hash;
  const std::optional<Stamp> stamp = stamp_of(image);
  if (!stamp) return std::nullopt;
  try {
    return seen_.emplace(image, look(image, *stamp)).first->second.hash;
  } catch (const Error&) {
    return std::nullopt;  // whoever needs its pixels says why it cannot be read
  }
}

std::optional<ContentIndex::Stamp> ContentIndex::stamp_of(const std::string& image) const {
  if (files_.is_archive()) return files_.have(image) ? std::optional(Stamp()) : std::nullopt;
  struct stat status {};
  if (::stat(files_.path_of(image).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Stamp{static_cast<int64_t>(status.st_ino), status.st_size, nanoseconds(status.st_mtim),
               nanoseconds(status.st_ctim)};
}

ContentIndex::Entry ContentIndex::look(const std::string& image, const Stamp& stamp) {
  if (stamp == Stamp()) return {stamp, hash_of_contents(files_.read(image))};  // save() leaves it out
  const auto known = known_.find(image);
  if (known != known_.end() && known->second.stamp == stamp && known->second.hash != 0) return known->second;
  const int64_t start = now();
  Entry entry{stamp, hash_of_contents(files_.read(image))};
  if (std::max(stamp.modified, stamp.changed) > start - kTicksMayCoincide) {
    entry.stamp = {};  // no file has it, so save() leaves the entry out
  } else {
    changed_ = true;
  }
  return entry;
}

void ContentIndex::save() {
  if (file_.empty()) return;
  if (!changed_) return tidy_after_killed(file_);
  for (const auto& [image, entry] : seen_) {
    if (entry.stamp != Stamp()) known_.insert_or_assign(image, entry);
  }
  if (known_.size() < worth_remembering_) return;
  std::string text;
  append_word(text, kHeading);
  for (const auto& [image, entry] : known_) {
    append_word(text, image);
    for (const int64_t number :
         {entry.stamp.inode, entry.stamp.bytes, entry.stamp.modified, entry.stamp.changed})
      append_word(text, number);
    append_word(text, static_cast<int64_t>(entry.hash));
  }
  std::ostream nowhere(nullptr);
  const WriterLock lock(file_, nowhere);
  write_file(file_, sealed_words(std::move(text)));
  changed_ = false;
}

}  // namespace promptbed
