#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "expected: " << part << "\ngot: " << text;
}

/// The small world, and beside it a user's own images, "birds": four classes whose names have blanks,
/// quotes and letters of all kinds.
class DatasetsCommand : public testing::Test {
 protected:
  DatasetsCommand() {
    // Prompts of these names have more tokens than the small world's model takes.
    auto tensors = test::mini_huggingface_tensors(3);
    Tensor& positions = tensors.at("text_model.embeddings.position_embedding.weight");
    positions = positions.repeat({8, 1});
    write_safetensors(world_ / "model/model.safetensors", {tensors.begin(), tensors.end()});
    uint8_t shade = 0;
    for (const char* name : {"great tit", "it's \"it\"", "Zaunk\xc3\xb6nig", "\xe9\xb4\x89"}) {
      for (int i = 0; i < 6; ++i) {
        shade += 7;
        write_file(world_ / fs::path("birds") / name / (std::to_string(i) + ".bmp"),
                   test::bmp_picture(shade, static_cast<uint8_t>(255 - shade), 90));
      }
    }
  }

  Finished datasets(std::vector<std::string> words) const {
    words.insert(words.begin(), "datasets");
    return world_.run(words);
  }

  /// With the small world's suite and data.
  Finished of_small(std::vector<std::string> words) const {
    words.insert(words.end(), {"--suite", "small", "--data", "data"});
    return datasets(words);
  }

  /// Wrong input: exit code 2 and one line.
  static void expect_refused(const Finished& finished, const std::string& part) {
    EXPECT_EQ(finished.code, 2);
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    expect_part(finished.err, part);
  }

  test::SweepWorld world_;
};

TEST_F(DatasetsCommand, OwnImagesGoThroughSweepAndReport) {
  const Finished swept = world_.sweep("clip_zeroshot,coop", {"--datasets", "one,./birds"});
  EXPECT_EQ(swept.out, "6 runs: 6 done now\n") << swept.err;
  const Finished again = world_.sweep("clip_zeroshot,coop", {"--datasets", "birds", "--jobs", "2"});
  EXPECT_EQ(again.out, "3 runs: 3 done before\n") << again.err;
  const Finished report = world_.run({"report", "--datasets", "./birds", "--shots", "2"});
  EXPECT_EQ(report.code, 0) << report.err;
  expect_part(report.out, "birds");
  const Finished planned = world_.sweep("coop", {"--datasets", "birds", "--dry-run"});
  expect_part(planned.out, "extracted from the images in " + (world_ / "birds").string());
}

TEST_F(DatasetsCommand, OwnImagesNeedNoDataFolder) {
  const Finished built = world_.run(
      {"features", "build", "--suite", "small", "--datasets", "./birds", "--model", "model", "--views", "1"});
  EXPECT_EQ(built.code, 0) << built.err;
  expect_part(built.out, "birds: ");
}

TEST_F(DatasetsCommand, OneClassCannotBeHalved) {
  write_file(world_ / "mono/manifest.csv", "path,class,split\n1.bmp,a,train\n2.bmp,a,test\n");
  expect_refused(world_.sweep("coop", {"--datasets", "./mono"}),
                 "mono: has one class, and base-new needs two");
}

TEST_F(DatasetsCommand, ListsWhatIsThereAndWhere) {
  fs::rename(world_ / "data/two", world_ / "gone");
  const Finished listed = of_small({"list"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  expect_part(listed.out, "data/one");
  expect_part(listed.out, "yes");
  expect_part(listed.out, "* two: data/two: no such folder; put dataset 'two' there");
}

TEST_F(DatasetsCommand, ShowsClassesHalvesAndAContactSheet) {
  const Finished shown = datasets({"show", "./birds", "--suite", "small", "--grid", "sheet.png"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  expect_part(shown.out, "birds: birds, 4 classes (2 base, 2 new), 12 training, 4 validation, 8 test images");
  expect_part(shown.out, "Zaunk\xc3\xb6nig");
  expect_part(shown.out, "template: a photo of a {}.");
  EXPECT_TRUE(read_file(world_ / "sheet.png").starts_with("\x89PNG"));
  expect_refused(datasets({"show"}), "needs the name of a dataset");
}

TEST_F(DatasetsCommand, VerifiesAndReportsInTextAndJson) {
  const Finished good = of_small({"verify", "one"});
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_EQ(good.out, "one: 4 classes, 12 training, 4 validation, 12 test images: all in order\n");

  fs::copy_file(world_ / "data/one/images/a/train0.bmp", world_ / "data/one/images/b/test1.bmp",
                fs::copy_options::overwrite_existing);
  fs::remove(world_ / "data/one/images/c/val0.bmp");
  write_file(world_ / "data/one/images/d/train1.bmp", "not an image");
  const Finished faulty = of_small({"verify", "one"});
  EXPECT_EQ(faulty.code, 1);
  expect_part(faulty.out, "12 test images: 3 findings");
  expect_part(faulty.out, "  missing: c/val0.bmp is missing\n");
  expect_part(faulty.out, "  unreadable: d/train1.bmp: is not a JPEG, PNG, WebP, BMP or GIF image");
  expect_part(faulty.out, "  leaked: b/test1.bmp in test has the same bytes as a/train0.bmp in train\n");

  const auto report = nlohmann::json::parse(of_small({"verify", "one", "two", "--format", "json"}).out);
  EXPECT_EQ(report.at(0).at("dataset"), "one");
  EXPECT_EQ(report.at(0).at("findings").size(), 3U);
  EXPECT_EQ(report.at(1).at("good"), true);
}

TEST_F(DatasetsCommand, ADrawGoesOutAndComesBack) {
  ASSERT_EQ(of_small({"draw", "one", "--shots", "2", "--seed", "1", "--output", "draw.json"}).code, 0);
  EXPECT_EQ(of_small({"draw", "one", "--shots", "2", "--seed", "1"}).out, read_file(world_ / "draw.json"));
  ASSERT_EQ(world_.sweep("coop", {"--datasets", "one"}).code, 0);
  EXPECT_EQ(world_.sweep("coop", {"--datasets", "one", "--draws", "draw.json"}).out,
            "2 runs: 2 done before\n")
      << "the ordinary draw, spelt out";

  auto draw = read_json(world_ / "draw.json");
  std::swap(draw["train"][0], draw["train"][1]);
  write_file(world_ / "draw.json", draw.dump());
  EXPECT_EQ(world_.sweep("coop", {"--datasets", "one", "--draws", "draw.json"}).out,
            "2 runs: 1 done now, 1 done before\n");
  expect_part(world_.run({"report", "--shots", "2", "--datasets", "one"}).out, "draw=given");

  expect_refused(world_.sweep("coop", {"--datasets", "two", "--draws", "draw.json"}),
                 "draw.json: is of one, 2 shots, seed 1, and the sweep has no such run");
}

TEST_F(DatasetsCommand, UserTemplatesAndClassNamesMakeOtherRuns) {
  write_file(world_ / "templates.json", R"({"one": "an icon of {}."})");
  write_file(world_ / "names.json", R"({"one": {"a": "d"}})");
  ASSERT_EQ(world_.sweep("clip_zeroshot", {"--datasets", "one"}).code, 0);
  EXPECT_EQ(world_.sweep("clip_zeroshot", {"--datasets", "one", "--templates", "templates.json"}).out,
            "1 runs: 1 done now\n");
  const Finished named = world_.sweep("clip_zeroshot", {"--datasets", "one", "--class-names", "names.json"});
  EXPECT_EQ(named.out, "1 runs: 1 done now\n");
  expect_part(named.err, "note: data/one/split_zhou.json: 1 names are shared by several classes, first 'd'");
}

TEST_F(DatasetsCommand, AnswersWrongInputWithOneLine) {
  expect_refused(datasets({}), "runner datasets needs a subcommand: list, show, verify, draw, import-draw");
  expect_refused(of_small({"verify", "three"}), "suite 'small' has no dataset 'three'; known: one, two");
  expect_refused(of_small({"draw", "one", "--shots", "0", "--seed", "1"}), "--shots 0: give 1 to");
  expect_refused(of_small({"draw", "one", "--shots", "1"}), "--seed");
  write_file(world_ / "draw.pkl", "text");
  expect_refused(of_small({"import-draw", "draw.pkl"}), "draw.pkl: is damaged");
  write_file(world_ / "data/one/split_zhou.json", "{\n\"train\": [\n}");
  expect_refused(of_small({"show", "one"}), "split_zhou.json, line 3: is not JSON; fix or replace the file");
}

}  // namespace
}  // namespace promptbed
