#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

TEST(Hasher, KeepsTextsApart) {
  EXPECT_EQ(Hasher().add("ab").add("c").hex(), Hasher().add("ab").add("c").hex());
  EXPECT_NE(Hasher().add("ab").add("c").hex(), Hasher().add("a").add("bc").hex());
}

TEST(Hasher, IsXxh3OfTheBytes) {
  // The published XXH3-128 value of the empty input with seed 0.
  EXPECT_EQ(Hasher().hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(HashFile, IsTheHashOfItsBytes) {
  test::ScratchFolder scratch;
  const std::string contents(200'000, 'x');
  write_file(scratch / "a", contents);
  EXPECT_EQ(hash_file(scratch / "a"), Hasher().add(std::as_bytes(std::span(contents))).hex());
  EXPECT_ERROR(hash_file(scratch / "b"), "cannot be read");
}

}  // namespace
}  // namespace promptbed
