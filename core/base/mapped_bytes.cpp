#include "base/mapped_bytes.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>

#include "base/input_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The size of every mapping by its start: only their pages may be dropped.
struct Mappings {
  std::mutex mutex;
  std::map<const std::byte*, size_t> sizes;
};

Mappings& mappings() {
  static Mappings all;
  return all;
}

size_t page_size() {
  return static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

MappedBytes::MappedBytes(const fs::path& path) {
  const InputFile file(path);
  try {
    map(file.descriptor(), 0, file.size(), PROT_READ | PROT_WRITE, 0);
  } catch (const std::system_error& fault) {
    throw Error(
        fmt::format("{}: cannot be read ({}); check its permissions", path.string(), fault.code().message()));
  }
}

MappedBytes::MappedBytes(int descriptor, uint64_t offset, size_t size, Paging paging) {
  map(descriptor, offset, size, PROT_READ, paging == Paging::at_once ? MAP_POPULATE : 0);
}

void MappedBytes::map(int descriptor, uint64_t offset, size_t size, int protection, int flags) {
  if (size == 0) return;  // mmap refuses an empty range
  before_ = offset % page_size();
  void* const region = ::mmap(nullptr, before_ + size, protection, MAP_PRIVATE | flags, descriptor,
                              static_cast<off_t>(offset - before_));
  if (region == MAP_FAILED) throw std::system_error(errno, std::generic_category());
  bytes_ = {static_cast<std::byte*>(region) + before_, size};
  const std::lock_guard lock(mappings().mutex);
  mappings().sizes[bytes_.data()] = size;
}

MappedBytes::~MappedBytes() {
  if (bytes_.empty()) return;
  {
    const std::lock_guard lock(mappings().mutex);
    mappings().sizes.erase(bytes_.data());
  }
  ::munmap(bytes_.data() - before_, before_ + bytes_.size());
}

void let_go(std::span<const std::byte> bytes) {
  const std::lock_guard lock(mappings().mutex);
  auto after = mappings().sizes.upper_bound(bytes.data());
  if (after == mappings().sizes.begin()) return;
  const auto [begin, size] = *--after;
  if (bytes.data() + bytes.size() > begin + size) return;
  // Only pages that lie wholly inside.
  const size_t page = page_size();
  const size_t skipped = (page - reinterpret_cast<uintptr_t>(bytes.data()) % page) % page;
  if (bytes.size() < skipped + page) return;
  ::madvise(const_cast<std::byte*>(bytes.data()) + skipped, (bytes.size() - skipped) / page * page,
            MADV_DONTNEED);
}

}  // namespace promptbed
