#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace promptbed {

/// The whole file. Throws Error if it cannot be read, is no regular file (a pipe, a device) or is longer than
/// 4 GiB.
std::string read_file(const std::filesystem::path& path);

/// Lets `write` fill a temporary file next to `path`, then renames it: readers see the old file or the new
/// one, never a part. Makes the folder if necessary. Whatever `write` throws, nothing is left behind. On
/// return the file is on the disk, and so is its name: a loss of power cannot take it back. Where `path` is a
/// link, the file that it leads to is replaced; into a device or a pipe the contents are written.
///
/// The temporary file, <path>.<16 hexadecimal digits>.tmp, is new and empty when `write` gets it, and no
/// link. A kill in the middle leaves it behind, for remove_temporaries().
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path&)>& write);

/// The same for given contents.
void write_file(const std::filesystem::path& path, std::string_view contents);

/// The same in a folder that another process may remove meanwhile: it is not made again. False if it is gone.
bool write_file_unless_gone(const std::filesystem::path& path, std::string_view contents);

/// Throws Error if an output is the very file that it is made from.
void check_is_other(const std::filesystem::path& output, const std::filesystem::path& input);

/// The file that a path stands for, where links are followed to one that may not exist yet.
std::filesystem::path behind_links(const std::filesystem::path& path);

/// A name beside `path` that nobody has: <path>.<16 hexadecimal digits>.tmp, from the system's random
/// numbers.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// Whether a file's name, without its folder, is one of temporary_name().
bool is_temporary_name(std::string_view name);

/// Removes what killed writers of a file have left: whatever is called temporary_name(path), and what
/// a library put beside it under a longer name, such as SQLite's journal. For whoever knows that nobody is
/// writing the file at this moment.
void remove_temporaries(const std::filesystem::path& path);

/// Gives a file another name in the same file system, replacing what has it, and returns when the disk knows.
/// Throws Error.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Flushes a folder's entries to disk, for files that were renamed without rename_durably(). Throws Error.
void synchronise_folder(const std::filesystem::path& folder);

/// Whether a path read from a file lexically stays inside the folder that it is relative to: not empty, not
/// absolute, no "..".
bool is_inner_path(std::string_view path);

}  // namespace promptbed
