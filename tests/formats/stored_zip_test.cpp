#include "formats/stored_zip.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Files = std::map<std::string, std::string>;

class StoredZipTest : public testing::Test {
 protected:
  void write(const Files& files) const {
    std::vector<std::string> names;
    for (const auto& [name, contents] : files) names.push_back(name);
    write_stored_zip(path_, names, [&](const std::string& name) { return files.at(name); });
  }

  test::ScratchFolder scratch_;
  std::filesystem::path path_ = scratch_ / "a.zip";
  Files files_ = {{"cat/1.png", "one"}, {"cat/größe.png", std::string(100'000, 'x')}, {"empty", ""}};
};

TEST_F(StoredZipTest, ReadsWhatWasWritten) {
  write(files_);
  const StoredZip zip(path_);
  EXPECT_EQ(zip.names().size(), files_.size());
  for (const auto& [name, contents] : files_) EXPECT_EQ(zip.read(name), contents) << name;
  EXPECT_EQ(zip.read("cat/1.png"), "one") << "as often as one likes";
}

TEST_F(StoredZipTest, HasTheSameBytesWheneverItIsWritten) {
  write(files_);
  const std::string first = read_file(path_);
  constexpr size_t kTime = 10;  // of the first file's header: midnight, and the first day that ZIP knows
  EXPECT_EQ(first.substr(kTime, 4), std::string("\0\0\x21\0", 4));
  write(files_);
  EXPECT_EQ(read_file(path_), first);
}

TEST_F(StoredZipTest, ReadsEachFileOnce) {
  std::map<std::string, int> reads;
  std::vector<std::string> names;
  for (const auto& [name, contents] : files_) names.push_back(name);
  write_stored_zip(path_, names, [&](const std::string& name) {
    ++reads[name];
    return files_.at(name);
  });
  for (const std::string& name : names) EXPECT_EQ(reads[name], 1) << name;
}

TEST_F(StoredZipTest, HoldsItsFilesAsTheyAre) {
  write(files_);
  const std::string bytes = read_file(path_);
  EXPECT_EQ(bytes.substr(0, 4), "PK\3\4");
  EXPECT_NE(bytes.find("one"), std::string::npos);
}

TEST_F(StoredZipTest, NamesWhatItLacks) {
  write(files_);
  EXPECT_ERROR(StoredZip(path_).read("dog.png"), "a.zip: is damaged (it lacks the file dog.png)");
  EXPECT_ERROR(StoredZip(path_).read("dog\n2.png"), "it lacks the file dog\\x0a2.png)");
  EXPECT_ERROR(StoredZip(scratch_ / "none.zip"), "none.zip: cannot be read");
  write_file(scratch_ / "notes.zip", "These are notes.");
  EXPECT_ERROR(StoredZip(scratch_ / "notes.zip"), "notes.zip: is damaged (no ZIP archive)");
}

TEST_F(StoredZipTest, NoticesAnyChangedByteOfAFile) {
  write({{"a", "one two three"}});
  std::string bytes = read_file(path_);
  bytes[bytes.find("two")] ^= 1;
  write_file(path_, bytes);
  EXPECT_ERROR(StoredZip(path_).read("a"), "its file a does not match its checksum");
}

TEST_F(StoredZipTest, IsNotWrittenIfAFileCannotBeRead) {
  EXPECT_THROW(write_stored_zip(path_, {"a"}, [](const auto&) -> std::string { throw Error("a: is gone"); }),
               Error);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace promptbed
