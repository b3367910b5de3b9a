#include "features/picture_features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "base/files.h"
#include "clip/mini_clip.h"
#include "clip/model.h"
#include "clip/towers/stand_in_device.h"
#include "data/pictures/view.h"
#include "features/view_batches.h"
#include "formats/stored_zip.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const std::optional<torch::Device> kStandIn = stand_in_device();  // asked for before any backward pass

class LooseImages : public testing::Test {
 protected:
  LooseImages() {
    test::write_mini_clip(scratch_ / "clip");
    write_file(scratch_ / "pictures/b.BMP", test::bmp_picture(200, 10, 10));
    write_file(scratch_ / "pictures/a.bmp", test::bmp_picture(10, 200, 10));
    write_file(scratch_ / "pictures/inner/c.bmp", test::bmp_picture(10, 10, 200));
    write_file(scratch_ / "pictures/notes.txt", "no picture");
  }

  static std::vector<fs::path> paths_of(const std::vector<LooseImage>& images) {
    std::vector<fs::path> paths;
    for (const LooseImage& image : images) paths.push_back(image.path());
    return paths;
  }

  LooseImageTensors encode(const std::vector<LooseImage>& images, int threads = 2) const {
    return encode(images, threads, torch::kCPU, {kCentreView});
  }

  LooseImageTensors encode(const std::vector<LooseImage>& images, int threads, torch::Device device,
                           const std::vector<int>& views) const {
    const ClipModel model = ClipModel::load(scratch_ / "clip");
    const auto tower = model.make_image_encoder({.device = device});
    std::ostringstream log;
    return encode_images(images, PictureEncoder(*tower, model.preprocessing(), device), views, threads, log);
  }

  test::ScratchFolder scratch_;
};

TEST_F(LooseImages, AreFoundInAllFoldersSorted) {
  const fs::path folder = scratch_ / "pictures";
  EXPECT_EQ(paths_of(images_at(folder)),
            (std::vector<fs::path>{folder / "a.bmp", folder / "b.BMP", folder / "inner/c.bmp"}));
  EXPECT_ERROR(images_at(scratch_ / "clip"), "holds no image");
}

TEST_F(LooseImages, HaveTheFeaturesOfTheirCentreView) {
  const auto images = images_at(scratch_ / "pictures");
  const LooseImageTensors found = encode(images);
  ASSERT_EQ(found.images, paths_of(images));
  const ClipModel model = ClipModel::load(scratch_ / "clip");
  const auto tower = model.make_image_encoder({});
  const PictureEncoder encoder(*tower, model.preprocessing(), torch::kCPU);
  for (size_t i = 0; i < images.size(); ++i) {
    EXPECT_TRUE(at::equal(found.tensors[static_cast<int64_t>(i)],
                          encoder.encode(decode_picture(images[i].path()), {kCentreView}, 0)));
  }
  EXPECT_TRUE(at::equal(encode(images, 1).tensors, found.tensors)) << "whatever the threads";
}

TEST_F(LooseImages, OnADeviceAreEncodedManyAtOnceAndHaveTheSameFeatures) {
  if (!kStandIn) GTEST_SKIP() << "no device stands in for a GPU with LibTorch 2";
  std::vector<LooseImage> images;
  for (int i = 0; i < 10; ++i) {
    for (const LooseImage& image : images_at(scratch_ / "pictures")) images.push_back(image);
    images.push_back(images_at(scratch_ / "none.png").front());
  }
  const std::vector<int> views = {kCentreView, 0, 1};
  const LooseImageTensors there = encode(images, 2, *kStandIn, views),
                          here = encode(images, 2, torch::kCPU, views);
  ASSERT_GT(there.tensors.size(0) * there.tensors.size(1), kViewsAtOnce) << "needs no second batch";
  EXPECT_EQ(there.images, here.images);
  EXPECT_EQ(there.faults, here.faults);
  EXPECT_TRUE(there.tensors.device().is_cpu());
  EXPECT_TRUE(at::allclose(there.tensors, here.tensors, 1e-5, 1e-6));
  EXPECT_FALSE(encode({images.back()}, 1, *kStandIn, views).tensors.defined());
}

TEST_F(LooseImages, InAnArchiveHaveTheSameFeatures) {
  const auto images = images_at(scratch_ / "pictures");
  const ImageFiles folder(scratch_ / "pictures");
  write_stored_zip(scratch_ / "all.zip", folder.names(), [&](const auto& name) { return folder.read(name); });
  const auto archived = images_at(scratch_ / "all.zip");
  ASSERT_EQ(archived.size(), images.size());
  EXPECT_EQ(archived.back().path(), scratch_ / "all.zip/inner/c.bmp");
  EXPECT_TRUE(at::equal(encode(archived).tensors, encode(images).tensors));
}

TEST_F(LooseImages, GoOnWithoutThoseThatCannotBeRead) {
  std::vector<LooseImage> images = images_at(scratch_ / "none.png");
  for (const char* name : {"pictures/a.bmp", "pictures/notes.txt"})
    images.push_back(images_at(scratch_ / name).front());
  const LooseImageTensors found = encode(images);
  ASSERT_EQ(found.images.size(), 1U);
  EXPECT_EQ(found.tensors.size(0), 1);
  ASSERT_EQ(found.faults.size(), 2U);
  EXPECT_NE(found.faults[0].find("none.png"), std::string::npos);
  EXPECT_NE(found.faults[1].find("notes.txt"), std::string::npos);
  EXPECT_TRUE(encode(images_at(scratch_ / "none.png")).images.empty());
}

}  // namespace
}  // namespace promptbed
