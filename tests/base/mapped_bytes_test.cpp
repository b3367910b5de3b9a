#include "base/mapped_bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// A few pages of text with no repetitions.
std::string long_text() {
  std::string text;
  for (int i = 0; text.size() < 50'000; ++i) text += std::to_string(i) + ' ';
  return text;
}

std::string text_of(const MappedBytes& mapped) {
  const auto bytes = mapped.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(MappedBytes, AreTheFiles) {
  const test::ScratchFolder scratch;
  write_file(scratch / "text", long_text());
  EXPECT_EQ(text_of(MappedBytes(scratch / "text")), long_text());
  write_file(scratch / "empty", "");
  EXPECT_EQ(text_of(MappedBytes(scratch / "empty")), "");
}

TEST(MappedBytes, MayBeAPartThatBeginsAnywhere) {
  const test::ScratchFolder scratch;
  write_file(scratch / "text", long_text());
  const int descriptor = ::open((scratch / "text").c_str(), O_RDONLY);
  const MappedBytes part(descriptor, 4711, 9000, Paging::at_once);
  ::close(descriptor);
  EXPECT_EQ(text_of(part), long_text().substr(4711, 9000));
}

TEST(MappedBytes, OutliveTheirFile) {
  const test::ScratchFolder scratch;
  write_file(scratch / "text", long_text());
  const MappedBytes mapped(scratch / "text");
  std::filesystem::remove(scratch / "text");
  EXPECT_EQ(text_of(mapped), long_text());
}

TEST(MappedBytes, ComeBackWhenTheyWereLetGo) {
  const test::ScratchFolder scratch;
  write_file(scratch / "text", long_text());
  const MappedBytes mapped(scratch / "text");
  let_go(mapped.bytes().subspan(10, 30'000));
  EXPECT_EQ(text_of(mapped), long_text());
}

TEST(MappedBytes, LettingGoOfOtherMemoryDoesNothing) {
  std::vector<std::byte> bytes(50'000, std::byte{7});
  let_go(bytes);
  EXPECT_EQ(std::ranges::count(bytes, std::byte{7}), 50'000);
}

TEST(MappedBytes, NameWhatIsNoFile) {
  const test::ScratchFolder scratch;
  EXPECT_ERROR(MappedBytes(scratch.path()), "is a folder; give a file");
  EXPECT_ERROR(MappedBytes(scratch / "nothing"), "nothing: cannot be read (No such file or directory)");
}

}  // namespace
}  // namespace promptbed
