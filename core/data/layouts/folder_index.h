#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace promptbed {

/// What is in a folder, each list sorted by name as Python sorts. Hidden entries (".name") are left out; a
/// link counts as what it leads to, and as a file where it leads nowhere.
struct FolderNames {
  std::vector<std::string> folders;
  std::vector<std::string> files;
};

/// Lists folders, and remembers large listings from one process to the next: listing ImageNet's 1.3 million
/// files takes minutes on a slow disk, looking at the times of its 2000 folders takes none.
///
///     FolderIndex index("runs/cache/folders/imagenet-1234.idx");
///     index.list("data/imagenet/images/train/n01440764").files;
///     index.save();
///
/// A folder is listed anew where its time is not the remembered one. One that changed within the two seconds
/// before it was listed is not remembered: a later change in the same tick of the clock would not show.
class FolderIndex {
 public:
  /// Remembers nothing.
  FolderIndex() = default;

  /// Remembers in `file`, which need not exist yet, listings of so many names or more in all. A file that is
  /// damaged counts as none.
  explicit FolderIndex(std::filesystem::path file, size_t worth_remembering = 10'000);

  /// Throws Error where the folder cannot be listed, or has a link in it that goes round in a circle.
  FolderNames list(const std::filesystem::path& folder);

  /// Writes what was listed, if that is worth it and not in the file already. Throws Error where the file
  /// cannot be written.
  void save();

 private:
  /// A folder's time, in the clock's ticks, and its names in the file's form.
  struct Entry {
    int64_t time = 0;
    std::string names;
  };

  void read();

  std::filesystem::path file_;
  size_t worth_remembering_ = 0;
  std::map<std::string, Entry> known_;   ///< by folder
  std::map<std::string, Entry> listed_;  ///< asked for in this process
  bool changed_ = false;
};

}  // namespace promptbed
