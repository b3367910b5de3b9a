#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The arrays of a MATLAB file of level 5, as documented in MathWorks's "MAT-File Format". Only
/// matlab_file.cpp uses them.
namespace promptbed {

/// What is wrong with the file, in a few words. MatlabFile turns it into an Error.
class MatlabFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a data element holds, by the numbers of the format.
enum class MatlabType : uint32_t {
  int8 = 1,
  uint8 = 2,
  int16 = 3,
  uint16 = 4,
  int32 = 5,
  uint32 = 6,
  real32 = 7,
  real64 = 9,
  int64 = 12,
  uint64 = 13,
  matrix = 14,
  compressed = 15,
  utf8 = 16,
  utf16 = 17,
};

/// The type of a whole array, by the numbers of the format.
enum class MatlabClass : uint8_t { cells = 1, structs = 2, text = 4, real64 = 6, uint64 = 15 };

/// A typed piece of a file.
struct MatlabElement {
  MatlabType type;
  std::string_view bytes;
};

/// Takes elements off the front of bytes, which must outlive it. Throws MatlabFault if they are cut short.
class MatlabElements {
 public:
  explicit MatlabElements(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  MatlabElement next();

  /// The next one, which must be of that type.
  std::string_view next(MatlabType type);

 private:
  std::string_view rest_;
};

/// An array of numbers, letters, cells or structures; it looks into the file's bytes.
class MatlabArray {
 public:
  /// Throws MatlabFault if the element is no array or is damaged.
  explicit MatlabArray(const MatlabElement& element);

  std::string_view name() const { return name_; }

  /// The whole numbers of an array of real numbers. Throws MatlabFault if it is none, is complex, has other
  /// numbers or another number of them than its sizes say.
  std::vector<int64_t> integers() const;

  /// The text of an array of letters: bytes, or ASCII in 16 bits. Throws MatlabFault if it is none.
  std::string text() const;

  /// The arrays in a cell array; none if this is something else. Throws MatlabFault if some are missing.
  std::vector<MatlabArray> cells() const;

  /// A field of every structure in an array; none if this is something else. Throws MatlabFault if the array
  /// has no such field or some are missing.
  std::vector<MatlabArray> field(std::string_view name) const;

 private:
  MatlabClass class_{};
  bool is_complex_ = false;
  uint64_t count_ = 0;  ///< the product of the array's sizes
  std::string_view name_;
  MatlabElements contents_{{}};
};

}  // namespace promptbed
