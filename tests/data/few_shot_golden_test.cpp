#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "data/draws/few_shot.h"
#include "support/golden.h"

namespace promptbed {
namespace {

std::vector<Image> images_of(const nlohmann::json& list) {
  std::vector<Image> images;
  for (const nlohmann::json& entry : list)
    images.push_back({entry[0].get<std::string>(), entry[1].get<int64_t>(), entry[2].get<std::string>()});
  return images;
}

std::vector<std::string> paths_of(const std::vector<Image>& images) {
  std::vector<std::string> paths;
  for (const Image& image : images) paths.push_back(image.path);
  return paths;
}

TEST(GoldenFewShot, EveryDrawIsTheReferences) {
  const nlohmann::json lists = read_json(test::golden_folder() / "fewshot/draws.json");
  ASSERT_FALSE(lists.empty());
  for (const auto& [name, list] : lists.items()) {
    Split split;
    split.train = images_of(list["train"]);
    split.val = images_of(list["val"]);
    ASSERT_FALSE(list["draws"].empty()) << name;
    for (const nlohmann::json& expected : list["draws"]) {
      const FewShotDraw draw =
          draw_few_shot(split, expected["shots"].get<int64_t>(), expected["seed"].get<int64_t>());
      SCOPED_TRACE(name + ", shots " + expected["shots"].dump() + ", seed " + expected["seed"].dump());
      EXPECT_EQ(paths_of(draw.train), expected["train"].get<std::vector<std::string>>());
      EXPECT_EQ(paths_of(draw.val), expected["val"].get<std::vector<std::string>>());
    }
  }
}

}  // namespace
}  // namespace promptbed
