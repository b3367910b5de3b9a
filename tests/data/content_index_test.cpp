#include "data/pictures/content_index.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "base/files.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

class ContentIndexTest : public testing::Test {
 protected:
  ContentIndexTest() { write_file(scratch_ / "images/a.png", "1234"); }

  fs::path image() const { return scratch_ / "images/a.png"; }

  /// Looks with a new index, as another process would, which remembers from one image on.
  std::optional<uint64_t> find(const std::string& name = "a.png") const {
    ContentIndex index(ImageFiles(scratch_ / "images"), scratch_ / "cache/images.idx", 1);
    const auto found = index.find(name);
    index.save();
    return found;
  }

  /// Other contents under the same size and time, as `cp -p` and `rsync -t` leave them.
  void replace_unnoticed(const std::string& contents) const {
    const auto time = fs::last_write_time(image());
    ASSERT_EQ(contents.size(), fs::file_size(image()));
    write_file(image(), contents);
    fs::last_write_time(image(), time);
  }

  test::ScratchFolder scratch_;
};

TEST_F(ContentIndexTest, TellsContentsApart) {
  EXPECT_EQ(find(), hash_of_contents("1234"));
  EXPECT_NE(hash_of_contents("1234"), hash_of_contents("1235"));
  EXPECT_EQ(find("none.png"), std::nullopt);
}

TEST_F(ContentIndexTest, OnlyRegularFilesHaveContents) {
  fs::create_directory(scratch_ / "images/folder.png");
  ASSERT_EQ(::mkfifo((scratch_ / "images/pipe.png").c_str(), 0600), 0);
  EXPECT_EQ(find("folder.png"), std::nullopt);
  EXPECT_EQ(find("pipe.png"), std::nullopt) << "reading it would wait forever";
}

TEST_F(ContentIndexTest, NoticesOtherContentsUnderTheSameSizeAndTime) {
  fs::last_write_time(image(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  find();
  replace_unnoticed("5678");
  EXPECT_EQ(find(), hash_of_contents("5678"));
}

TEST_F(ContentIndexTest, RemembersWhatHasNotChangedForTwoSeconds) {
  find();
  EXPECT_FALSE(fs::exists(scratch_ / "cache/images.idx")) << "it may change within the same tick";
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  find();
  ASSERT_TRUE(fs::exists(scratch_ / "cache/images.idx"));
  const std::string remembered = read_file(scratch_ / "cache/images.idx");
  EXPECT_NE(remembered.find(std::to_string(static_cast<int64_t>(hash_of_contents("1234")))),
            std::string::npos);
  EXPECT_EQ(find(), hash_of_contents("1234"));

  write_file(scratch_ / "cache/images.idx", remembered.substr(0, remembered.size() / 2));
  EXPECT_EQ(find(), hash_of_contents("1234")) << "a damaged file is ignored";
}

TEST_F(ContentIndexTest, LooksOnceAtEachImage) {
  ContentIndex index(ImageFiles(scratch_ / "images"));
  const auto before = index.find("a.png");
  write_file(image(), "longer than before");
  EXPECT_EQ(index.find("a.png"), before);
  EXPECT_EQ(find(), hash_of_contents("longer than before"));
}

}  // namespace
}  // namespace promptbed
