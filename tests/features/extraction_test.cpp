#include "features/extraction.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <sstream>

#include "base/files.h"
#include "base/signals.h"
#include "clip/towers/stand_in_device.h"
#include "data/pictures/picture.h"
#include "features/small_table.h"
#include "features/view_batches.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kResolution = 16;

const std::optional<torch::Device> kStandIn = stand_in_device();  // asked for before any backward pass

/// A linear image tower with fixed random weights that counts its calls.
class LinearEncoder : public ImageEncoder {
 public:
  /// Expects so many views at once.
  explicit LinearEncoder(int64_t views = 1, torch::Device device = torch::kCPU) : views_(views) {
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
    weight_ = at::randn({3 * kResolution * kResolution, 8}, generator).div_(kResolution).to(device);
  }

  Tensor encode(const Tensor& pixels) const override {
    EXPECT_EQ(pixels.sizes(), (std::vector<int64_t>{views_, 3, kResolution, kResolution}));
    if (++calls > calls_before_interrupt) throw Interrupted();
    return pixels.flatten(1).matmul(weight_);
  }
  int64_t resolution() const override { return kResolution; }
  int64_t embedding_width() const override { return 8; }

  mutable std::atomic<int64_t> calls = 0;
  int64_t calls_before_interrupt = 1'000'000;

 private:
  int64_t views_;
  Tensor weight_;
};

/// A 24-bit BMP of 8 x 6 pixels whose values hang on `seed`.
std::string bitmap(int seed) {
  std::string file = "BM";
  const auto add = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<char>(value >> 8 * i));
  };
  add(54 + 8 * 6 * 3, 4), add(0, 4), add(54, 4);
  add(40, 4), add(8, 4), add(6, 4), add(1, 2), add(24, 2), add(0, 4), add(8 * 6 * 3, 4);
  for (int i = 0; i < 4; ++i) add(0, 4);
  for (int i = 0; i < 8 * 6 * 3; ++i) add((seed * 97 + i * (seed + 13)) % 256, 1);
  return file;
}

class ExtractionTest : public testing::Test {
 protected:
  ExtractionTest() {
    for (int i = 0; i < 40; ++i) {
      images_.push_back("cat/" + std::to_string(i) + ".bmp");
      write_file(scratch_ / images_.back(), bitmap(i));
    }
  }

  FeatureCache cache(const std::string& name = "pets.h5") const { return {scratch_ / name, key_}; }

  ExtractionReport extract(FeatureCache& cache, const std::vector<FeatureRequest>& requests,
                           int threads = 2) {
    ContentIndex contents(ImageFiles(scratch_.path()));
    return extract_features(cache, requests, contents, encoder_, {.threads = threads}, log_);
  }

  /// On what stands in for a GPU.
  ExtractionReport extract_there(FeatureCache& cache, const std::vector<FeatureRequest>& requests,
                                 const LinearEncoder& encoder) {
    ContentIndex contents(ImageFiles(scratch_.path()));
    return extract_features(cache, requests, contents, encoder, {.threads = 2, .device = *kStandIn}, log_);
  }

  test::ScratchFolder scratch_;
  std::vector<std::string> images_;
  CacheKey key_ = test::small_key(StoredType::f32);
  LinearEncoder encoder_;
  std::ostringstream log_;
};

TEST_F(ExtractionTest, StoresWhatTheTowerMakesOfThePixels) {
  FeatureCache cache = this->cache();
  const std::vector<int> views{kCentreView};
  extract(cache, {{images_, views}});

  const Picture view = render_view(decode_picture(scratch_ / images_[3]), kResolution, kCentreView,
                                   view_key("pets", images_[3]));
  Tensor pixels = at::zeros({1, 3, kResolution, kResolution});
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t p = 0; p < kResolution * kResolution; ++p) {
      const float value = static_cast<float>(view.rgb[p * 3 + c]) / 255.0F;
      pixels[0][c].view(-1).data_ptr<float>()[p] =
          (value - key_.preprocessing.mean[c]) / key_.preprocessing.std[c];
    }
  }
  const Tensor expected = encoder_.encode(pixels)[0];
  const Tensor found = cache.read(std::vector{images_[3]}, views)[0][0];
  EXPECT_TRUE(at::allclose(found, expected, 1e-5, 1e-5)) << found << expected;
}

TEST_F(ExtractionTest, ReportsWhatItDidAndDoesNothingTheSecondTime) {
  FeatureCache cache = this->cache();
  const std::vector<std::string> train(images_.begin(), images_.begin() + 20),
      test(images_.begin() + 20, images_.end());
  const std::vector<FeatureRequest> requests{{train, {0, 1, 2}}, {test, {kCentreView}}};
  const ExtractionReport first = extract(cache, requests);
  EXPECT_EQ(first.pictures_decoded, 40);
  EXPECT_EQ(first.rows_written, 80);
  EXPECT_EQ(first.rows_present, 0);
  EXPECT_EQ(encoder_.calls, 80);
  EXPECT_NE(log_.str().find("extracting features: pets"), std::string::npos);

  log_.str("");
  const ExtractionReport second = extract(cache, requests);
  EXPECT_EQ(second.pictures_decoded, 0);
  EXPECT_EQ(second.rows_written, 0);
  EXPECT_EQ(second.rows_present, 80);
  EXPECT_EQ(encoder_.calls, 80);
  EXPECT_EQ(log_.str(), "");
}

TEST_F(ExtractionTest, RowsDoNotHangOnOrderThreadsOrWhatElseIsMissing) {
  FeatureCache whole = cache("whole.h5"), pieces = cache("pieces.h5");
  const std::vector<int> views{0, 1, 2, 3};
  extract(whole, {{images_, views}}, 3);

  std::vector<std::string> backwards(images_.rbegin(), images_.rend());
  extract(pieces, {{{images_[7]}, {2}}});
  extract(pieces, {{{backwards.begin(), backwards.begin() + 9}, {3, 1}}}, 1);
  extract(pieces, {{backwards, {3, 2, 1, 0}}});
  EXPECT_TRUE(whole.read(images_, views).equal(pieces.read(images_, views)));
}

TEST_F(ExtractionTest, ViewsOfAPictureDiffer) {
  FeatureCache cache = this->cache();
  extract(cache, {{images_, {0, 1, kCentreView}}});
  const Tensor features = cache.read(images_, std::vector{0, 1, kCentreView});
  EXPECT_FALSE(features.select(1, 0).equal(features.select(1, 1)));
  EXPECT_FALSE(features.select(1, 0).equal(features.select(1, 2)));
}

TEST_F(ExtractionTest, AChangedPictureIsExtractedAgain) {
  FeatureCache cache = this->cache();
  extract(cache, {{images_, {0}}});
  const Tensor before = cache.read(images_, std::vector{0});
  write_file(scratch_ / images_[5], bitmap(77));
  EXPECT_EQ(extract(cache, {{images_, {0}}}).rows_written, 1);
  const Tensor after = cache.read(images_, std::vector{0});
  EXPECT_FALSE(after[5].equal(before[5]));
  EXPECT_TRUE(after[6].equal(before[6]));
}

TEST_F(ExtractionTest, APictureReplacedUnderItsSizeAndTimeIsExtractedAgain) {
  FeatureCache cache = this->cache();
  const auto time = fs::last_write_time(scratch_ / images_[5]);
  extract(cache, {{images_, {0}}});
  const Tensor before = cache.read(images_, std::vector{0});
  write_file(scratch_ / images_[5], bitmap(77));
  fs::last_write_time(scratch_ / images_[5], time);
  EXPECT_EQ(extract(cache, {{images_, {0}}}).rows_written, 1);
  EXPECT_FALSE(cache.read(images_, std::vector{0})[5].equal(before[5]));
}

TEST_F(ExtractionTest, AMissingPictureIsNamedAndThoseBeforeItAreKept) {
  FeatureCache cache = this->cache();
  fs::remove(scratch_ / images_[35]);
  EXPECT_ERROR(extract(cache, {{images_, {0}}}), "cat/35.bmp");
  write_file(scratch_ / images_[35], bitmap(35));
  const ExtractionReport report = extract(cache, {{images_, {0}}});
  EXPECT_EQ(report.rows_written, 5);
  EXPECT_EQ(report.rows_present, 35);
}

TEST_F(ExtractionTest, AFileThatIsNoPictureIsNamed) {
  FeatureCache cache = this->cache();
  write_file(scratch_ / images_[2], "no picture");
  EXPECT_ERROR(extract(cache, {{images_, {0}}}), "cat/2.bmp");
}

TEST_F(ExtractionTest, AnInterruptKeepsThePicturesBeforeIt) {
  FeatureCache cache = this->cache();
  encoder_.calls_before_interrupt = 61;
  EXPECT_THROW(extract(cache, {{images_, {0, 1, 2}}}, 1), Interrupted);
  encoder_.calls_before_interrupt = 1'000'000;
  const ExtractionReport report = extract(cache, {{images_, {0, 1, 2}}});
  EXPECT_EQ(report.rows_present, 60);
  EXPECT_EQ(report.rows_written, 60);
}

// A GPU would idle while it encodes one view at a time.
TEST_F(ExtractionTest, ADeviceEncodesFullBatches) {
  if (!kStandIn) GTEST_SKIP() << "LibTorch 2 has no device that stands in for a GPU";
  const LinearEncoder there(kViewsAtOnce, *kStandIn);
  FeatureCache on_cpu = cache("cpu.h5"), on_device = cache("device.h5"), pieces = cache("pieces.h5");
  const std::vector<int> views{0, 1, 2, 3};
  extract(on_cpu, {{images_, views}});
  const ExtractionReport report = extract_there(on_device, {{images_, views}}, there);
  EXPECT_EQ(report.rows_written, 160);
  EXPECT_EQ(there.calls, 3) << "160 views in batches of 64";
  const Tensor expected = on_cpu.read(images_, views), found = on_device.read(images_, views);
  EXPECT_TRUE(at::allclose(found, expected, 1e-5, 1e-5));

  const std::vector<std::string> backwards(images_.rbegin(), images_.rend());
  extract_there(pieces, {{{images_[7]}, {2}}}, there);
  extract_there(pieces, {{backwards, {3, 2, 1, 0}}}, there);
  EXPECT_TRUE(at::allclose(pieces.read(images_, views), found, 1e-5, 1e-5));
}

TEST_F(ExtractionTest, ADeviceKeepsWhatCameBeforeAFault) {
  if (!kStandIn) GTEST_SKIP() << "LibTorch 2 has no device that stands in for a GPU";
  LinearEncoder there(kViewsAtOnce, *kStandIn);
  FeatureCache missing = cache("missing.h5"), interrupted = cache("interrupted.h5");
  fs::remove(scratch_ / images_[35]);
  EXPECT_ERROR(extract_there(missing, {{images_, {0, 1, 2}}}, there), "cat/35.bmp");
  write_file(scratch_ / images_[35], bitmap(35));
  EXPECT_EQ(extract_there(missing, {{images_, {0, 1, 2}}}, there).rows_present, 35 * 3);

  there.calls_before_interrupt = there.calls + 1;
  EXPECT_THROW(extract_there(interrupted, {{images_, {0, 1, 2}}}, there), Interrupted);
  there.calls_before_interrupt = 1'000'000;
  EXPECT_EQ(extract_there(interrupted, {{images_, {0, 1, 2}}}, there).rows_present, kViewsAtOnce);
}

}  // namespace
}  // namespace promptbed
