#include "formats/npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

namespace promptbed {
namespace {

std::string dictionary_of(const std::string& file) {
  return file.substr(10, file.find('}') - 9);
}

TEST(Npy, HasTheHeaderThatNumpyReads) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  const std::string file = npy_of(values, {2, 3});
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(dictionary_of(file), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  const size_t header = 10 + static_cast<unsigned char>(file[8]) + 256U * static_cast<unsigned char>(file[9]);
  EXPECT_EQ(header % 64, 0u);
  EXPECT_EQ(file[header - 1], '\n');
  ASSERT_EQ(file.size(), header + sizeof values);
  EXPECT_EQ(std::memcmp(file.data() + header, values, sizeof values), 0);
}

TEST(Npy, HasTheShapeOfAListWithOneNumber) {
  const int64_t values[] = {7, -1};
  EXPECT_EQ(dictionary_of(npy_of(std::span<const int64_t>(values))),
            "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }");
}

TEST(Npy, HoldsTextsAsCodePointsAsLongAsTheLongest) {
  const std::string file = npy_of(std::vector<std::string>{"a", "né", "\xff", "🐈"});
  EXPECT_EQ(dictionary_of(file), "{'descr': '<U2', 'fortran_order': False, 'shape': (4,), }");
  std::u32string points(8, U'\0');
  std::memcpy(points.data(), file.data() + file.size() - 32, 32);
  EXPECT_EQ(points, std::u32string(U"a\0né\ufffd\0🐈\0", 8));
}

TEST(Npy, OfNoTextsIsAnEmptyArray) {
  EXPECT_EQ(dictionary_of(npy_of(std::vector<std::string>{})),
            "{'descr': '<U1', 'fortran_order': False, 'shape': (0,), }");
}

TEST(Npy, RefusesAShapeOfAnotherSize) {
  const float values[] = {1, 2};
  EXPECT_THROW(npy_of(values, {3}), std::logic_error);
}

}  // namespace
}  // namespace promptbed
