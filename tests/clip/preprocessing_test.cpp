#include "clip/preprocessing.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "clip/mini_clip.h"
#include "clip/model.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using nlohmann::json;

/// A folder of a model for images of 8 x 8 pixels, without the model.
class PreprocessingFiles : public ::testing::Test {
 protected:
  PreprocessingFiles() { write_file(scratch_ / "config.json", "{}"); }

  void write(const std::string& name, const json& contents) const {
    write_file(scratch_ / name, contents.dump());
  }

  /// What Hugging Face's file with these settings asks for.
  Preprocessing read(const json& settings) const {
    write("preprocessor_config.json", settings);
    return read_preprocessing(scratch_.path(), 8);
  }

  /// What open_clip's file asks for, in a folder of open_clip's.
  Preprocessing read_open_clip(const json& settings) const {
    std::filesystem::remove(scratch_ / "config.json");
    write("open_clip_config.json", {{"preprocess_cfg", settings}});
    return read_preprocessing(scratch_.path(), 8);
  }

  test::ScratchFolder scratch_;
};

const Preprocessing kClips = {.size = 8};

TEST_F(PreprocessingFiles, AreClipsOwnByDefault) {
  EXPECT_EQ(read_preprocessing(scratch_.path(), 8), kClips);
  EXPECT_EQ(read(json::object()), kClips);
  EXPECT_EQ(read({{"do_resize", true},
                  {"size", {{"shortest_edge", 8}}},
                  {"resample", 3},
                  {"do_center_crop", true},
                  {"crop_size", {{"height", 8}, {"width", 8}}},
                  {"do_rescale", true},
                  {"rescale_factor", 0.00392156862745098},
                  {"do_normalize", true},
                  {"image_mean", nullptr},
                  {"do_convert_rgb", true},
                  {"image_processor_type", "CLIPImageProcessorFast"}}),
            kClips);
}

TEST_F(PreprocessingFiles, MayResizeBilinearly) {
  EXPECT_EQ(read({{"resample", 2}}).style.resampling, Resampling::bilinear);
  EXPECT_ERROR(read({{"resample", 1}}), "preprocessor_config.json: resample is 1; runner resizes with 3");
}

TEST_F(PreprocessingFiles, MaySquash) {
  for (const json& size : {json({{"height", 8}, {"width", 8}}), json({8, 8})}) {
    EXPECT_TRUE(read({{"size", size}}).style.squashed);
    EXPECT_TRUE(read({{"size", size}, {"do_center_crop", false}}).style.squashed);
  }
  EXPECT_TRUE(read({{"size", 8}, {"use_square_size", true}}).style.squashed);
  EXPECT_FALSE(read({{"size", 8}}).style.squashed) << "a number is the short side";
}

TEST_F(PreprocessingFiles, HaveToMakeWhatTheWeightsNeed) {
  EXPECT_ERROR(read({{"do_center_crop", false}}),
               "do_center_crop is false; images that are not square would not fit the weights");
  EXPECT_ERROR(read({{"do_resize", false}}), "do_resize is false where a CLIP has true");
  EXPECT_ERROR(read({{"size", 224}}), "size is 224; the weights need 8");
  EXPECT_ERROR(read({{"size", {{"height", 8}, {"width", 9}}}}), "; the weights need 8");
  EXPECT_ERROR(read({{"size", {{"shortest_edge", 8}, {"longest_edge", 16}}}}), "size.longest_edge is 16");
  EXPECT_ERROR(read({{"do_pad", true}}), "do_pad is true; runner does not have this step");
  EXPECT_ERROR(read({{"image_processor_type", "ViTImageProcessor"}}), "its defaults are not CLIP's");
}

TEST_F(PreprocessingFiles, MayLeaveOutNormalisation) {
  const Preprocessing plain = read({{"do_normalize", false}, {"image_std", {0, 0, 0}}});
  EXPECT_EQ(plain.mean, (std::array<float, 3>{0, 0, 0}));
  EXPECT_EQ(plain.std, (std::array<float, 3>{1, 1, 1}));
}

TEST_F(PreprocessingFiles, MayRescaleOtherwise) {
  // A byte b becomes (2 b / 255 - 0.5) / 0.25 = (b / 255 - 0.25) / 0.125.
  const json halves = {{"image_mean", 0.5}, {"image_std", 0.25}};
  json doubled = halves;
  doubled["rescale_factor"] = 2.0 / 255;
  EXPECT_FLOAT_EQ(read(doubled).mean[1], 0.25f);
  EXPECT_FLOAT_EQ(read(doubled).std[2], 0.125f);
  json bytes = halves;
  bytes["do_rescale"] = false;
  EXPECT_FLOAT_EQ(read(bytes).mean[0], 0.5f / 255);
  EXPECT_FLOAT_EQ(read(bytes).std[0], 0.25f / 255);
  EXPECT_ERROR(read({{"rescale_factor", 0}}), "rescale_factor is 0; nothing is left of an image");
}

TEST_F(PreprocessingFiles, CannotDivideByNothing) {
  EXPECT_ERROR(read({{"image_std", {0.5, 0, 0.5}}}),
               "image_std is [0.5,0,0.5]; images cannot be divided by it; give numbers above 0");
  EXPECT_ERROR(read_open_clip({{"std", 0}}), "preprocess_cfg.std is 0; images cannot be divided by it");
}

TEST_F(PreprocessingFiles, MayBeAPartOfTheProcessors) {
  write("processor_config.json",
        {{"image_processor", {{"resample", 2}}}, {"processor_class", "CLIPProcessor"}});
  EXPECT_EQ(read_preprocessing(scratch_.path(), 8).style.resampling, Resampling::bilinear);
  EXPECT_EQ(read({{"resample", 2}}).style.resampling, Resampling::bilinear);
  EXPECT_ERROR(read({{"resample", 3}}),
               "preprocessor_config.json and processor_config.json disagree about images; remove the one");
  write("processor_config.json", {{"processor_class", "CLIPProcessor"}});
  EXPECT_EQ(read({{"resample", 3}}), kClips);
}

TEST_F(PreprocessingFiles, OfOpenClipAreFollowedOrRefused) {
  EXPECT_EQ(read_open_clip({{"size", 8}, {"mode", "RGB"}, {"interpolation", "random"}}), kClips);
  EXPECT_TRUE(read_open_clip({{"resize_mode", "squash"}, {"size", {8, 8}}}).style.squashed);
  EXPECT_EQ(read_open_clip({{"interpolation", "bilinear"}}).style.resampling, Resampling::bilinear);
  EXPECT_ERROR(read_open_clip({{"resize_mode", "longest"}}),
               "open_clip_config.json: preprocess_cfg.resize_mode is \"longest\"; runner has");
  EXPECT_ERROR(read_open_clip({{"interpolation", "nearest"}}), "preprocess_cfg.interpolation is \"nearest\"");
  EXPECT_ERROR(read_open_clip({{"size", 224}}), "preprocess_cfg.size is 224; the weights need 8");
  EXPECT_ERROR(read_open_clip({{"mode", "L"}}), "preprocess_cfg.mode is \"L\" where a CLIP has \"RGB\"");
}

TEST_F(PreprocessingFiles, OfAnotherStyleMakeAnotherModel) {
  test::write_mini_clip(scratch_.path());
  std::set<std::string> fingerprints;
  for (const json& settings : {json::object(), json({{"resample", 2}}), json({{"size", {8, 8}}})}) {
    write("preprocessor_config.json", settings);
    fingerprints.insert(ClipModel::load(scratch_.path()).fingerprint());
  }
  EXPECT_EQ(fingerprints.size(), 3U);
}

}  // namespace
}  // namespace promptbed
