#include "features/hdf5_output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace promptbed {
namespace {

/// Throws std::system_error if the disk is too full. The file's size stays as it is.
void reserve(int descriptor, uint64_t bytes) {
  if (::fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)
    throw std::system_error(errno, std::generic_category());
}

/// The path, unless this process may not write a file of so many bytes (ulimit -f): HDF5 could not even give
/// it up then. Throws std::system_error.
const std::filesystem::path& within_limit(const std::filesystem::path& path, uint64_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes)
    throw std::system_error(EFBIG, std::generic_category());
  return path;
}

int descriptor_of(const H5::H5File& file) {
  void* descriptor = nullptr;
  file.getVFDHandle(&descriptor);
  return *static_cast<const int*>(descriptor);
}

}  // namespace

Hdf5Output::Hdf5Output(const std::filesystem::path& path, const H5::FileCreatPropList& creation,
                       const H5::FileAccPropList& access, uint64_t bytes)
    : path_(within_limit(path, bytes)),
      file_(path, H5F_ACC_TRUNC, creation, access),
      descriptor_(descriptor_of(file_)) {
  try {
    reserve(descriptor_, bytes);
  } catch (...) {
    divert();
    throw;
  }
}

Hdf5Output::~Hdf5Output() {
  if (!closed_) divert();
}

void Hdf5Output::close() {
  file_.flush(H5F_SCOPE_LOCAL);  // what fails here can still be given up
  file_.close();
  closed_ = true;
  // Gives back what was reserved and not needed. Nothing is lost if that fails.
  std::error_code failure;
  const auto size = std::filesystem::file_size(path_, failure);
  if (!failure) std::filesystem::resize_file(path_, size, failure);
}

/// Whatever HDF5 still writes goes into memory and is forgotten.
void Hdf5Output::divert() noexcept {
  const int memory = ::memfd_create("given up", MFD_CLOEXEC);
  if (memory < 0) return;
  ::dup3(memory, descriptor_, O_CLOEXEC);
  ::close(memory);
  try {
    file_.close();
  } catch (const H5::Exception&) {
    // The file is given up anyway.
  }
}

}  // namespace promptbed
