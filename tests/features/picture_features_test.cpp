#include "features/picture_features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/files.h"
#include "clip/mini_clip.h"
#include "clip/model.h"
#include "data/pictures/view.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

class PictureFiles : public testing::Test {
 protected:
  PictureFiles() {
    test::write_mini_clip(scratch_ / "clip");
    write_file(scratch_ / "pictures/b.BMP", test::bmp_picture(200, 10, 10));
    write_file(scratch_ / "pictures/a.bmp", test::bmp_picture(10, 200, 10));
    write_file(scratch_ / "pictures/inner/c.bmp", test::bmp_picture(10, 10, 200));
    write_file(scratch_ / "pictures/notes.txt", "no picture");
  }

  PictureFileFeatures encode(const std::vector<fs::path>& files, int threads = 2) const {
    const ClipModel model = ClipModel::load(scratch_ / "clip");
    const auto tower = model.make_image_encoder({});
    std::ostringstream log;
    return encode_picture_files(files, PictureEncoder(*tower, model.preprocessing(), torch::kCPU), threads,
                                log);
  }

  test::ScratchFolder scratch_;
};

TEST_F(PictureFiles, AreFoundInAllFoldersSorted) {
  const fs::path folder = scratch_ / "pictures";
  EXPECT_EQ(picture_files_in(folder),
            (std::vector<fs::path>{folder / "a.bmp", folder / "b.BMP", folder / "inner/c.bmp"}));
  EXPECT_ERROR(picture_files_in(scratch_ / "clip"), "holds no image");
}

TEST_F(PictureFiles, HaveTheFeaturesOfTheirCentreView) {
  const auto files = picture_files_in(scratch_ / "pictures");
  const PictureFileFeatures found = encode(files);
  ASSERT_EQ(found.pictures, files);
  const ClipModel model = ClipModel::load(scratch_ / "clip");
  const auto tower = model.make_image_encoder({});
  const PictureEncoder encoder(*tower, model.preprocessing(), torch::kCPU);
  for (size_t i = 0; i < files.size(); ++i) {
    EXPECT_TRUE(at::equal(found.features[static_cast<int64_t>(i)],
                          encoder.encode(decode_picture(files[i]), {kCentreView}, 0)[0]));
  }
  EXPECT_TRUE(at::equal(encode(files, 1).features, found.features)) << "whatever the threads";
}

TEST_F(PictureFiles, GoOnWithoutThoseThatCannotBeRead) {
  const PictureFileFeatures found =
      encode({scratch_ / "none.png", scratch_ / "pictures/a.bmp", scratch_ / "pictures/notes.txt"});
  ASSERT_EQ(found.pictures.size(), 1U);
  EXPECT_EQ(found.features.size(0), 1);
  ASSERT_EQ(found.faults.size(), 2U);
  EXPECT_NE(found.faults[0].find("none.png"), std::string::npos);
  EXPECT_NE(found.faults[1].find("notes.txt"), std::string::npos);
  EXPECT_TRUE(encode({scratch_ / "none.png"}).pictures.empty());
}

}  // namespace
}  // namespace promptbed
