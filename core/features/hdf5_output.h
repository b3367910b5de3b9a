#pragma once

#include <H5Cpp.h>

#include <cstdint>
#include <filesystem>

namespace promptbed {

/// An HDF5 file that is being written. HDF5 dies of a signal, then or when the program ends, if it cannot
/// write what it still holds when a file is closed. So the space is reserved before anything is written, and
/// a file that is given up is closed into memory.
class Hdf5Output {
 public:
  /// Opens an existing file, drops what is in it and reserves space for `bytes`, where the file system can.
  /// Throws H5::Exception, and std::system_error if there is not so much space.
  Hdf5Output(const std::filesystem::path& path, const H5::FileCreatPropList& creation,
             const H5::FileAccPropList& access, uint64_t bytes);

  /// Gives the file up unless it was closed.
  ~Hdf5Output();
  Hdf5Output(const Hdf5Output&) = delete;
  Hdf5Output& operator=(const Hdf5Output&) = delete;

  H5::H5File& file() { return file_; }

  /// Ends the file. All objects in it must be gone. Throws H5::Exception if something cannot be written.
  void close();

 private:
  void divert() noexcept;

  std::filesystem::path path_;
  H5::H5File file_;
  int descriptor_ = -1;  // HDF5's own
  bool closed_ = false;
};

}  // namespace promptbed
