#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/class_half.h"
#include "data/few_shot.h"
#include "data/split.h"
#include "support/golden.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// [path from the data root, label, class name], as the golden files list an image.
nlohmann::json as_json(const DatasetSpec& spec, const std::vector<Image>& images) {
  nlohmann::json list = nlohmann::json::array();
  for (const Image& image : images)
    list.push_back({image_path(spec, "", image).generic_string(), image.label, image.class_name});
  return list;
}

/// A data root with the dataset's folder, and in it the split file that the reference wrote where it wrote
/// one.
fs::path data_root_of(const DatasetSpec& spec, const fs::path& layouts, const test::ScratchFolder& scratch) {
  if (spec.split.kind != SplitKind::zhou) return layouts / "data";
  write_file(scratch / spec.folder / spec.split.file, read_file(layouts / spec.split.file));
  return scratch.path();
}

FewShotDraw draw_of(const Split& split, const nlohmann::json& expected) {
  const auto shots = expected["shots"].get<int64_t>();
  if (shots < 1) return {split.train, split.val};
  return draw_few_shot(split, shots, expected["seed"].get<int64_t>());
}

void expect_case(const DatasetSpec& spec, const Split& split, const nlohmann::json& expected) {
  const ClassSet set = parse_class_set(expected["classes"].get<std::string>());
  const FewShotDraw draw = draw_of(split, expected);
  EXPECT_EQ(class_names_of(split, set), expected["classnames"].get<std::vector<std::string>>());
  EXPECT_EQ(as_json(spec, subset(draw.train, split, set)), expected["train"]);
  EXPECT_EQ(as_json(spec, subset(split.test, split, set)), expected["test"]);
  // The reference validates on ImageNet's test images; here they stay unseen.
  if (spec.split.kind != SplitKind::imagenet) {
    EXPECT_EQ(as_json(spec, subset(draw.val, split, set)), expected["val"]);
  }
}

TEST(GoldenLayouts, ThePapersDatasetsAreReadAsTheReferenceReadsThem) {
  const fs::path layouts = test::golden_folder() / "layouts";
  if (!fs::exists(layouts / "expected.json")) GTEST_SKIP() << layouts << " holds no dataset layouts";
  const nlohmann::json expected = read_json(layouts / "expected.json");
  const Suite suite = read_suite(fs::path(PROMPTBED_SOURCE_DIR) / "datasets", "paper");
  ASSERT_EQ(suite.datasets.size(), 11U);
  for (const DatasetSpec& spec : suite.datasets) {
    const test::ScratchFolder scratch;
    const Split split = read_split(spec, data_root_of(spec, layouts, scratch));
    ASSERT_FALSE(expected.at(spec.id).at("cases").empty());
    for (const nlohmann::json& one : expected.at(spec.id).at("cases")) {
      SCOPED_TRACE(spec.id + ", shots " + one["shots"].dump() + ", " + one["classes"].dump());
      expect_case(spec, split, one);
    }
  }
}

}  // namespace
}  // namespace promptbed
