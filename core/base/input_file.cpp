#include "base/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <promptbed/error.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/signals.h"
#include "base/text.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMebibyte = 1 << 20;
constexpr uint64_t kLongestGivenText = 64 * kMebibyte;
constexpr uint64_t kFirstBuffer = 1 << 16;
constexpr int kPatience = 200;  // milliseconds between two looks at whether the user gave up

[[noreturn]] void unreadable(const fs::path& path) {
  throw Error(fmt::format("{}: cannot be read ({}); check the path and its permissions", path.string(),
                          std::strerror(errno)));
}

/// Waits for the next bytes of a pipe or terminal; of a file they are always there.
void wait_for_bytes(int descriptor) {
  pollfd wanted{descriptor, POLLIN, 0};
  while (::poll(&wanted, 1, kPatience) <= 0) check_interrupt();
}

}  // namespace

InputFile::InputFile(const fs::path& path, InputKind kind)
    : path_(path), opened_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  if (!opened_) unreadable(path_);
  struct stat status {};
  const bool is_known = ::fstat(descriptor(), &status) == 0;
  if (is_known && S_ISREG(status.st_mode)) {
    size_ = static_cast<uint64_t>(status.st_size);
    return;
  }
  const bool is_folder = is_known && S_ISDIR(status.st_mode);
  if (is_known && !is_folder && kind == InputKind::stream) return;
  throw Error(
      fmt::format("{}: is a {}; give a file", path_.string(), is_folder ? "folder" : "pipe or device"));
}

size_t InputFile::read(std::span<char> buffer) const {
  while (true) {
    wait_for_bytes(descriptor());
    const ssize_t got = ::read(descriptor(), buffer.data(), buffer.size());
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR && errno != EAGAIN) unreadable(path_);
  }
}

std::string InputFile::rest(uint64_t most) const {
  const auto check_length = [&](uint64_t length) {
    if (length <= most) return;
    throw Error(
        fmt::format("{}: is longer than {} MiB; give the right file", path_.string(), most / kMebibyte));
  };
  check_length(size_);
  std::string contents(std::max(size_ + 1, kFirstBuffer), '\0');  // one more, to see the end
  size_t filled = 0;
  while (const size_t got = read(std::span(contents).subspan(filled))) {
    filled += got;
    check_length(filled);
    if (filled == contents.size()) contents.resize(2 * filled);
  }
  contents.resize(filled);
  return contents;
}

std::string read_given_text(const fs::path& path) {
  const std::string text = InputFile(path, InputKind::stream).rest(kLongestGivenText);
  return std::string(without_byte_order_mark(text));
}

}  // namespace promptbed
