#include "base/input_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/hash.h"
#include "base/mapped_bytes.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class InputFiles : public testing::Test {
 protected:
  std::filesystem::path pipe() const {
    EXPECT_EQ(::mkfifo((scratch_ / "pipe").c_str(), 0600), 0);
    return scratch_ / "pipe";
  }

  test::ScratchFolder scratch_;
};

TEST_F(InputFiles, AFileIsReadToItsEnd) {
  const std::string long_text(300'000, 'x');
  write_file(scratch_ / "long", long_text);
  EXPECT_EQ(InputFile(scratch_ / "long").rest(1'000'000), long_text);
  EXPECT_EQ(InputFile(scratch_ / "long").size(), 300'000U);
  write_file(scratch_ / "empty", "");
  EXPECT_EQ(InputFile(scratch_ / "empty").rest(1), "");
  EXPECT_FALSE(InputFile("/proc/self/status").rest(1 << 20).empty());  // has no size, but bytes
}

TEST_F(InputFiles, TooMuchIsRefused) {
  write_file(scratch_ / "long", std::string((1 << 20) + 1, 'x'));
  EXPECT_ERROR(InputFile(scratch_ / "long").rest(1 << 20), "long: is longer than 1 MiB; give the right file");
  EXPECT_ERROR(InputFile("/dev/zero", InputKind::stream).rest(1 << 20), "/dev/zero: is longer than 1 MiB");
}

TEST_F(InputFiles, APipeOrDeviceAmongFilesIsRefusedAtOnce) {
  const std::string refusal = "is a pipe or device; give a file";
  const std::filesystem::path path = pipe();
  EXPECT_ERROR(InputFile{path}, refusal);
  EXPECT_ERROR(read_file(path), refusal);
  EXPECT_ERROR(hash_file(path), refusal);
  EXPECT_ERROR(MappedBytes(path), refusal);
  EXPECT_ERROR(read_file("/dev/zero"), "/dev/zero: is a pipe or device; give a file");
  EXPECT_ERROR(read_file(scratch_.path()), "is a folder; give a file");
  EXPECT_ERROR(read_file(scratch_ / "none"), "none: cannot be read (No such file or directory)");
}

TEST_F(InputFiles, ATextThatAUserNamesMayComeFromAPipe) {
  const std::filesystem::path path = pipe();
  std::thread writer([&] {
    std::ofstream out(path);
    out << "\xef\xbb\xbf"
        << "beer mug\n"
        << std::flush;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // longer than the reader waits at once
    out << "bread\n";
  });
  EXPECT_EQ(read_given_text(path), "beer mug\nbread\n");
  writer.join();
}

}  // namespace
}  // namespace promptbed
