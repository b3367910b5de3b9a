#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include "base/descriptor.h"
#include "base/input_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".tmp";
constexpr size_t kDigits = 16;
constexpr uint64_t kLongestFile = uint64_t{4} << 30;

[[noreturn]] void throw_unwritable(const fs::path& path) {
  throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space", path.string(),
                          std::strerror(errno)));
}

uint64_t random_number() {
  uint64_t number = 0;
  while (::getrandom(&number, sizeof(number), 0) != sizeof(number)) {
  }
  return number;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Has the disk take over what the system still holds in memory of a file. Throws Error naming `target`.
void synchronise(const fs::path& file, const fs::path& target) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened || ::fsync(opened.number()) != 0) throw_unwritable(target);
}

/// Makes the folder and those above it, for good. A failure shows when a file is made in it.
void make_folder(const fs::path& folder) {
  std::error_code failure;
  if (fs::exists(folder, failure)) return;
  if (folder_of(folder) != folder) make_folder(folder_of(folder));
  if (fs::create_directory(folder, failure)) synchronise_folder(folder_of(folder));
}

/// Whether a path is something to be written into, never to be replaced: a device, a pipe, /dev/stdout.
bool is_sink(const fs::path& path) {
  std::error_code failure;
  const fs::file_type type = fs::status(path, failure).type();
  if (type == fs::file_type::character || type == fs::file_type::block || type == fs::file_type::fifo ||
      type == fs::file_type::socket)
    return true;
  const std::string text = path.lexically_normal().string();
  return type == fs::file_type::regular &&
         (text.starts_with("/dev/fd/") || text.starts_with("/dev/std") || text.starts_with("/proc/"));
}

/// The open descriptor that a path stands for, such as 1 for /dev/stdout. Opened anew, its file would be
/// written from an offset of its own, over what was printed before.
std::optional<int> descriptor_named(const fs::path& path) {
  const std::string text = path.lexically_normal().string();
  if (text == "/dev/stdout") return STDOUT_FILENO;
  if (text == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    int number = 0;
    const char* const end = text.data() + text.size();
    if (text.starts_with(folder) && std::from_chars(text.data() + folder.size(), end, number).ptr == end)
      return number;
  }
  return std::nullopt;
}

Descriptor open_sink(const fs::path& sink) {
  if (const auto number = descriptor_named(sink)) {
    std::fflush(nullptr);
    return Descriptor(::fcntl(*number, F_DUPFD_CLOEXEC, 0));
  }
  return Descriptor(::open(sink.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
}

/// Lets `write` fill a file in memory, and passes its contents on.
void write_through(const fs::path& sink, const std::function<void(const fs::path&)>& write) {
  const Descriptor memory(::memfd_create("promptbed", MFD_CLOEXEC));
  if (!memory) throw_unwritable(sink);
  const fs::path in_memory = fmt::format("/proc/self/fd/{}", memory.number());
  write(in_memory);
  const std::string contents = read_file(in_memory);
  const Descriptor out = open_sink(sink);
  if (!out || !write_all(out.number(), contents)) throw_unwritable(sink);
}

/// A new, empty file.
fs::path make_temporary(const fs::path& path) {
  fs::path temporary = temporary_name(path);
  const Descriptor made(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!made) throw_unwritable(path);
  return temporary;
}

void replace(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  const fs::path temporary = make_temporary(path);
  try {
    write(temporary);
    synchronise(temporary, path);
    rename_durably(temporary, path);
  } catch (...) {
    std::error_code failure;
    fs::remove(temporary, failure);
    throw;
  }
}

/// What fills the temporary file of `path`.
auto writer_of(const fs::path& path, std::string_view contents) {
  return [&path, contents](const fs::path& file) {
    std::ofstream out(file, std::ios::binary);
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    out.close();
    if (!out) throw_unwritable(path);
  };
}

}  // namespace

fs::path behind_links(const fs::path& path) {
  constexpr int kMostLinks = 40;  // as the system has it
  std::error_code failure;
  fs::path target = path;
  for (int links = 0; links < kMostLinks && fs::is_symlink(target, failure); ++links)
    target = target.parent_path() / fs::read_symlink(target);
  return target;
}

std::string read_file(const fs::path& path) {
  return InputFile(path).rest(kLongestFile);
}

fs::path temporary_name(const fs::path& path) {
  return fmt::format("{}.{:016x}{}", path.string(), random_number(), kSuffix);
}

bool is_temporary_name(std::string_view name) {
  if (!name.ends_with(kSuffix)) return false;
  name.remove_suffix(kSuffix.size());
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view digits = name.substr(dot + 1);
  return digits.size() == kDigits && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void remove_temporaries(const fs::path& path) {
  const std::string prefix = path.filename().string() + '.';
  const size_t length = prefix.size() + kDigits + kSuffix.size();
  std::vector<fs::path> left;
  std::error_code there_is_none;
  for (const auto& entry : fs::directory_iterator(folder_of(path), there_is_none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && is_temporary_name(name.substr(0, length))) left.push_back(entry.path());
  }
  std::error_code failure;
  for (const fs::path& file : left) fs::remove(file, failure);
}

// Where a file system or the folder's permissions do not let us, nothing can be done about it.
void synchronise_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened && ::fsync(opened.number()) != 0 && errno == EIO) throw_unwritable(folder);
}

void rename_durably(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_unwritable(to);
  synchronise_folder(folder_of(to));
}

void write_atomically(const fs::path& named, const std::function<void(const fs::path&)>& write) {
  if (is_sink(named)) return write_through(named, write);
  const fs::path path = behind_links(named);
  make_folder(folder_of(path));
  replace(path, write);
}

void write_file(const fs::path& path, std::string_view contents) {
  write_atomically(path, writer_of(path, contents));
}

void check_is_other(const fs::path& output, const fs::path& input) {
  std::error_code there_is_none;
  if (fs::equivalent(output, input, there_is_none))
    throw Error(fmt::format("{}: is what it would be made from; choose another file", output.string()));
}

bool write_file_unless_gone(const fs::path& path, std::string_view contents) {
  try {
    replace(path, writer_of(path, contents));
    return true;
  } catch (const Error&) {
    std::error_code failure;
    if (!fs::exists(folder_of(path), failure)) return false;
    throw;
  }
}

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  while (true) {
    const size_t end = path.find('/');
    if (path.substr(0, end) == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace promptbed
