#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "base/json.h"
#include "data/pictures/picture.h"
#include "data/pictures/view.h"
#include "support/golden.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// The byte tensors of a safetensors file: an 8-byte length, a JSON header of that length, the data.
class ByteTensors {
 public:
  explicit ByteTensors(const fs::path& path) : file_(read_file(path)) {
    uint64_t length = 0;
    std::memcpy(&length, file_.data(), sizeof(length));
    header_ = nlohmann::json::parse(file_.substr(sizeof(length), length));
    data_ = sizeof(length) + length;
  }

  std::string_view at(const std::string& name) const {
    const nlohmann::json& offsets = header_.at(name).at("data_offsets");
    const auto begin = offsets.at(0).get<size_t>();
    return std::string_view(file_).substr(data_ + begin, offsets.at(1).get<size_t>() - begin);
  }

 private:
  std::string file_;
  nlohmann::json header_;
  size_t data_ = 0;
};

TEST(GoldenPixels, EveryPictureIsPillows) {
  constexpr int kMostOff = 1;
  constexpr double kMostShareOff = 0.001;
  const fs::path folder = test::golden_folder() / "pixels";
  const nlohmann::json index = read_json(folder / "index.json");
  const int size = index["size"].get<int>();
  const ByteTensors expected(folder / ("expected_" + std::to_string(size) + "_hwc_u8.safetensors"));
  ASSERT_FALSE(index["files"].empty());
  for (const nlohmann::json& entry : index["files"]) {
    const auto name = entry.get<std::string>();
    const Picture view = render_view(decode_picture(folder / name), size, kCentreView, 0);
    const std::string_view pillows = expected.at(name);
    ASSERT_EQ(view.rgb.size(), pillows.size()) << name;
    size_t off = 0;
    int most = 0;
    for (size_t i = 0; i < pillows.size(); ++i) {
      const int distance = std::abs(view.rgb[i] - static_cast<uint8_t>(pillows[i]));
      off += distance != 0 ? 1 : 0;
      most = std::max(most, distance);
    }
    EXPECT_LE(most, kMostOff) << name;
    EXPECT_LE(static_cast<double>(off), kMostShareOff * static_cast<double>(pillows.size())) << name;
    RecordProperty(name, static_cast<int>(off));
  }
}

}  // namespace
}  // namespace promptbed
