#include "data/suites/verification.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/files.h"
#include "support/scratch.h"
#include "support/tiny_png.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

/// A dataset of one class in good order, in which tests plant faults.
class Verify : public testing::Test {
 protected:
  Verify() {
    split_.class_names = {"wren"};
    for (const auto& [list, images] :
         {std::pair("train", &split_.train), {"val", &split_.val}, {"test", &split_.test}}) {
      for (int i = 0; i < 3; ++i) {
        images->push_back({std::string(list) + "/" + std::to_string(i) + ".png", 0, "wren"});
        test::write_tiny_png(scratch_ / images->back().path, ++shade_);
      }
    }
    spec_.id = "birds";
    spec_.published = {1, 3, 3, 3};
  }

  Lines findings(bool read = true) const {
    std::ostringstream log;
    Lines lines;
    for (const Finding& finding :
         verify_dataset(spec_, split_, ImageFiles(scratch_.path()), {.threads = 2, .read_images = read}, log)
             .findings)
      lines.push_back(std::string(to_string(finding.kind)) + ": " + finding.text);
    return lines;
  }

  void copy(const char* from, const char* to) const {
    fs::copy_file(scratch_ / from, scratch_ / to, fs::copy_options::overwrite_existing);
  }

  test::ScratchFolder scratch_;
  DatasetSpec spec_;
  Split split_;
  uint8_t shade_ = 0;
};

TEST_F(Verify, FindsNothingIfAllIsInOrder) {
  EXPECT_EQ(findings(), Lines{});
}

TEST_F(Verify, FindsCountsThatDifferFromThePublished) {
  spec_.published = {2, 3, std::nullopt, 4};
  EXPECT_EQ(findings(), (Lines{"count: 1 classes; published: 2", "count: 3 test images; published: 4"}));
}

TEST_F(Verify, FindsAMissingImage) {
  fs::remove(scratch_ / "val/1.png");
  EXPECT_EQ(findings(), (Lines{"missing: val/1.png is missing"}));
  EXPECT_EQ(findings(/*read=*/false), (Lines{"missing: val/1.png is missing"}));
}

TEST_F(Verify, FindsAnUnreadableImage) {
  write_file(scratch_ / "train/0.png", "text");
  const std::string whole = read_file(scratch_ / "test/2.png");
  write_file(scratch_ / "test/2.png", whole.substr(0, whole.size() / 2));
  const Lines found = findings();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0],
            "unreadable: train/0.png: is not a JPEG, PNG, WebP, BMP, GIF or TIFF image; replace the file");
  EXPECT_TRUE(found[1].starts_with("unreadable: test/2.png: is a damaged or unsupported PNG image"));
  EXPECT_EQ(findings(/*read=*/false), Lines{}) << "a quick look does not read";
}

TEST_F(Verify, FindsTwoFilesWithTheSameBytes) {
  copy("train/0.png", "train/2.png");
  EXPECT_EQ(findings(),
            (Lines{"same contents: train/2.png in train has the same bytes as train/0.png in train"}));
}

TEST_F(Verify, FindsATestImageThatIsATrainingImage) {
  copy("train/0.png", "test/2.png");
  EXPECT_EQ(findings(), (Lines{"leaked: test/2.png in test has the same bytes as train/0.png in train"}));
  split_.test[2].path = "train/1.png";
  EXPECT_EQ(findings(), (Lines{"leaked: train/1.png is in train and in test"}));
}

TEST_F(Verify, FindsAnImageThatIsListedTwice) {
  split_.train[1].path = "train/0.png";
  EXPECT_EQ(findings(), (Lines{"listed twice: train/0.png is in train and again in train"}));
}

}  // namespace
}  // namespace promptbed
