#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "data/draws/class_sets.h"
#include "data/draws/few_shot.h"
#include "data/layouts/split.h"
#include "data/suites/suite.h"
#include "support/golden.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

fs::path path_in(const fs::path& data_root, const DatasetSpec& spec, const Image& image) {
  return (data_root / spec.folder / spec.images / image.path).lexically_normal();
}

/// [path from the data root, label, class name], as the golden files list an image.
nlohmann::json as_json(const DatasetSpec& spec, const std::vector<Image>& images) {
  nlohmann::json list = nlohmann::json::array();
  for (const Image& image : images)
    list.push_back({path_in("", spec, image).generic_string(), image.label, image.class_name});
  return list;
}

/// Links a dataset's official files into a data root: what is made beside them disappears with the test.
void link_official_files(const DatasetSpec& spec, const fs::path& layouts, const fs::path& data_root) {
  fs::create_directories(data_root / spec.folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(layouts / "data" / spec.folder))
    fs::create_symlink(entry.path(), data_root / spec.folder / entry.path().filename());
}

FewShotDraw draw_of(const Split& split, const nlohmann::json& expected) {
  const auto shots = expected["shots"].get<int64_t>();
  if (shots < 1) return {split.train, split.val};
  return draw_few_shot(split, shots, expected["seed"].get<int64_t>());
}

/// For a mere test set the reference lists the images for training, too, and it validates on ImageNet's test
/// images. promptbed does neither.
nlohmann::json training_images(const Split& split, const nlohmann::json& listed) {
  return split.train.empty() ? nlohmann::json::array() : listed;
}

nlohmann::json validation_images(const DatasetSpec& spec, const nlohmann::json& listed) {
  return spec.split.kind == SplitKind::imagenet ? nlohmann::json::array() : listed;
}

void expect_case(const DatasetSpec& spec, const Split& split, const nlohmann::json& expected) {
  const ClassSet set = parse_class_set(expected["classes"].get<std::string>());
  const FewShotDraw draw = draw_of(split, expected);
  EXPECT_EQ(class_names_of(split, set), expected["classnames"].get<std::vector<std::string>>());
  EXPECT_EQ(as_json(spec, subset(draw.train, split, set)), training_images(split, expected["train"]));
  EXPECT_EQ(as_json(spec, subset(draw.val, split, set)), validation_images(spec, expected["val"]));
  EXPECT_EQ(as_json(spec, subset(split.test, split, set)), expected["test"]);
}

void expect_all_cases(const DatasetSpec& spec, const Split& split, const nlohmann::json& cases) {
  ASSERT_FALSE(cases.empty());
  for (const nlohmann::json& one : cases) {
    SCOPED_TRACE(spec.id + ", shots " + one["shots"].dump() + ", " + one["classes"].dump());
    expect_case(spec, split, one);
  }
}

/// The datasets of the paper and the shifted ones, in the small trees of their official layouts.
class GoldenLayouts : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(layouts_ / "expected.json")) GTEST_SKIP() << layouts_ << " holds no dataset layouts";
    expected_ = read_json(layouts_ / "expected.json");
    for (const char* suite : {"paper", "shift"}) {
      for (const DatasetSpec& spec : read_suite(fs::path(PROMPTBED_SOURCE_DIR) / "datasets", suite).datasets)
        datasets_.push_back(spec);
    }
    ASSERT_EQ(datasets_.size(), 15U);
  }

  const nlohmann::json& cases_of(const DatasetSpec& spec) const { return expected_.at(spec.id).at("cases"); }

  const fs::path layouts_ = test::golden_folder() / "layouts";
  nlohmann::json expected_;
  std::vector<DatasetSpec> datasets_;
};

TEST_F(GoldenLayouts, AreReadFromTheOfficialFilesAsTheReferenceReadsThem) {
  for (const DatasetSpec& spec : datasets_) {
    const test::ScratchFolder scratch;
    link_official_files(spec, layouts_, scratch.path());
    expect_all_cases(spec, read_split(spec, scratch.path()), cases_of(spec));
    if (spec.split.kind != SplitKind::zhou) continue;
    const fs::path saved = scratch / spec.folder / spec.split.file;
    EXPECT_EQ(read_file(saved), read_file(layouts_ / spec.split.file)) << "the reference's bytes are saved";
    expect_all_cases(spec, read_split(spec, scratch.path()), cases_of(spec));
  }
}

TEST_F(GoldenLayouts, AreReadFromTheReferencesSplitFilesAlone) {
  for (const DatasetSpec& spec : datasets_) {
    if (spec.split.kind != SplitKind::zhou) continue;
    const test::ScratchFolder scratch;
    write_file(scratch / spec.folder / spec.split.file, read_file(layouts_ / spec.split.file));
    expect_all_cases(spec, read_split(spec, scratch.path()), cases_of(spec));
  }
}

TEST_F(GoldenLayouts, HaveEveryImageOfTheirSplits) {
  for (const DatasetSpec& spec : datasets_) {
    const test::ScratchFolder scratch;
    link_official_files(spec, layouts_, scratch.path());
    const Split split = read_split(spec, scratch.path());
    for (const std::vector<Image>* images : {&split.train, &split.val, &split.test}) {
      for (const Image& image : *images)
        EXPECT_TRUE(fs::exists(path_in(scratch.path(), spec, image))) << image.path;
    }
  }
}

}  // namespace
}  // namespace promptbed
