#pragma once

#include <unistd.h>

#include <string_view>
#include <utility>

namespace promptbed {

/// An open file, closed in the end. One that could not be opened is false, and errno says why.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

  /// Leaves the closing to the caller.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Writes all of the bytes, however many calls that takes. False if they cannot be written; errno says why.
bool write_all(int descriptor, std::string_view bytes);

}  // namespace promptbed
