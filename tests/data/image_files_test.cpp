#include "data/pictures/image_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "data/pictures/content_index.h"
#include "formats/stored_zip.h"
#include "support/expect_error.h"
#include "support/scratch.h"
#include "support/tiny_png.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// Two images in a folder, and the same in an archive.
class ImageFilesTest : public testing::Test {
 protected:
  ImageFilesTest() {
    test::write_tiny_png(scratch_ / "pets/images/cat/1.png", 10);
    test::write_tiny_png(scratch_ / "pets/images/dog.PNG", 20);
    write_file(scratch_ / "pets/images/notes.txt", "no image");
    write_stored_zip(scratch_ / "sealed/images.zip", {"cat/1.png", "dog.PNG", "notes.txt"},
                     [&](const std::string& name) { return folder_.read(name); });
    archive_ = ImageFiles(scratch_ / "sealed/images");
  }

  test::ScratchFolder scratch_;
  ImageFiles folder_{scratch_ / "pets/images"};
  ImageFiles archive_{scratch_ / "sealed/images"};
};

TEST_F(ImageFilesTest, AreInAFolderOrInAnArchiveInItsPlace) {
  EXPECT_FALSE(folder_.is_archive());
  EXPECT_TRUE(archive_.is_archive());
  EXPECT_EQ(archive_.place(), scratch_ / "sealed/images.zip");
  EXPECT_TRUE(folder_.exist() && archive_.exist());
  EXPECT_FALSE(ImageFiles(scratch_ / "none").exist());
  EXPECT_EQ(ImageFiles(scratch_ / "sealed/images.zip").names(), archive_.names());
}

TEST_F(ImageFilesTest, AreTheSameInBoth) {
  EXPECT_EQ(folder_.names(), (Names{"cat/1.png", "dog.PNG"}));
  EXPECT_EQ(archive_.names(), folder_.names());
  for (const std::string& name : folder_.names()) {
    EXPECT_EQ(archive_.read(name), folder_.read(name));
    EXPECT_EQ(decode_picture(archive_, name).rgb, decode_picture(folder_, name).rgb);
    EXPECT_EQ(ContentIndex(archive_).find(name), ContentIndex(folder_).find(name));
  }
}

TEST_F(ImageFilesTest, AreThereBehindLinksToo) {
  fs::create_directory_symlink("cat", scratch_ / "pets/images/linked");
  fs::create_directory_symlink("..", scratch_ / "pets/images/cat/above");
  fs::create_symlink("nowhere.png", scratch_ / "pets/images/gone.png");
  EXPECT_EQ(folder_.names(), (Names{"cat/1.png", "dog.PNG", "gone.png", "linked/1.png"}));
  EXPECT_ERROR(folder_.read("gone.png"), "gone.png");
}

TEST_F(ImageFilesTest, AFolderThatCannotBeListedIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list any folder";
  fs::create_directory(scratch_ / "pets/images/secret");
  fs::permissions(scratch_ / "pets/images/secret", fs::perms::none);
  EXPECT_ERROR(folder_.names(), "secret: cannot be listed (Permission denied)");
  fs::permissions(scratch_ / "pets/images/secret", fs::perms::owner_all);
}

TEST_F(ImageFilesTest, NameWhatIsMissing) {
  EXPECT_TRUE(archive_.have("cat/1.png") && folder_.have("cat/1.png"));
  EXPECT_FALSE(archive_.have("cat/2.png") || folder_.have("cat/2.png"));
  EXPECT_ERROR(folder_.read("cat/2.png"), "pets/images/cat/2.png: cannot be read (No such file");
  EXPECT_ERROR(archive_.read("cat/2.png"),
               "sealed/images.zip/cat/2.png: the archive has no such image; check the split");
  EXPECT_EQ(ContentIndex(archive_).find("cat/2.png"), std::nullopt);
}

TEST_F(ImageFilesTest, ADamagedImageInAnArchiveIsNamed) {
  std::string bytes = read_file(archive_.place());
  bytes[bytes.find("IHDR")] ^= 1;
  write_file(scratch_ / "damaged.zip", bytes);
  EXPECT_ERROR(ImageFiles(scratch_ / "damaged.zip").read("cat/1.png"),
               "damaged.zip: is damaged (its file cat/1.png does not match its checksum)");
}

TEST_F(ImageFilesTest, GoByAnyPathThatAFolderWouldTake) {
  for (const char* name : {"./cat/1.png", "cat//1.png", "dog/../cat/1.png"})
    EXPECT_EQ(archive_.read(name), folder_.read("cat/1.png")) << name;
}

TEST_F(ImageFilesTest, AnArchiveWhoseNamesLeadElsewhereIsRefused) {
  const auto archive_with = [&](const std::string& name) {
    write_stored_zip(scratch_ / "odd.zip", {name}, [](const auto&) { return std::string("x"); });
    return ImageFiles(scratch_ / "odd.zip");
  };
  EXPECT_ERROR(archive_with("../a.png"), "odd.zip: the file ../a.png leads out of the archive");
  EXPECT_ERROR(archive_with("/etc/a.png"), "odd.zip: the file /etc/a.png leads out of the archive");
}

TEST_F(ImageFilesTest, AnArchiveWithTwoImagesOfOneNameIsRefused) {
  write_file(scratch_ / "twice.zip",
             read_file(fs::path(PROMPTBED_SOURCE_DIR) / "tests/fuzz/corpus/stored_zip/name_twice"));
  EXPECT_ERROR(ImageFiles(scratch_ / "twice.zip"), "twice.zip: has two files a.png; make it again");
}

}  // namespace
}  // namespace promptbed
