#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "data/pictures/image_files.h"
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

TEST_F(DatasetsCommand, APromptOfOwnImagesIsTestedFromAnyFolder) {
  ASSERT_EQ(world_.sweep("coop", {"--datasets", "./birds", "--seeds", "1"}).code, 0);
  const fs::path ledger = world_ / "runs/promptbed.db";
  const std::string id = Ledger::open_existing(ledger).list().front().id;
  const test::ScratchFolder elsewhere;
  const auto eval = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {
        "eval", "--prompt", id, "--suite", "small", "--db", ledger, "--model", (world_ / "model").string()};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_runner(elsewhere.path(), {"PROMPTBED_DATASETS=" + (world_ / "suites").string()}, words);
  };
  const Finished found = eval();
  EXPECT_EQ(found.code, 0) << found.err;
  expect_part(found.out, "on birds, all classes: 8 test images");

  fs::rename(world_ / "birds", world_ / "moved");
  expect_refused(eval(), (world_ / "birds").string() + ": is gone, where birds lay that the prompt was");
  EXPECT_EQ(eval({"--dataset", (world_ / "moved").string()}).code, 0);
  fs::remove(world_ / "runs/datasets.json");
  expect_refused(eval(),
                 "no suite has birds, which the prompt was trained on; give its folder with --dataset");
}

TEST_F(DatasetsCommand, DatasetsOfOtherSuitesNeedNoSuite) {
  const Finished shown = datasets({"show", "one", "--data", "data"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  expect_part(shown.out, "one: Dataset one, 4 classes");
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
  expect_part(shown.out, "sheet.png: 12 images, 3 per class\n");  // not eight: that many are not there
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
  expect_part(faulty.out, "  unreadable: d/train1.bmp: is not a JPEG, PNG, WebP, BMP, GIF or TIFF image");
  expect_part(faulty.out, "  leaked: b/test1.bmp in test has the same bytes as a/train0.bmp in train\n");

  const auto report = nlohmann::json::parse(of_small({"verify", "one", "two", "--format", "json"}).out);
  EXPECT_EQ(report.at(0).at("dataset"), "one");
  EXPECT_EQ(report.at(0).at("findings").size(), 3U);
  EXPECT_EQ(report.at(1).at("good"), true);
}

TEST_F(DatasetsCommand, ASealedArchiveTakesThePlaceOfTheImages) {
  const Finished sealed = of_small({"seal", "--output", "sealed"});
  EXPECT_EQ(sealed.code, 0) << sealed.err;
  expect_part(sealed.out, "sealed/one/images.zip: 0.0 MB\n");
  EXPECT_EQ(world_.sweep("clip_zeroshot,coop").out, "6 runs: 6 done now\n");
  fs::rename(world_ / "data", world_ / "loose");
  fs::rename(world_ / "sealed", world_ / "data");
  const Finished again = world_.sweep("clip_zeroshot,coop");
  EXPECT_EQ(again.out, "6 runs: 6 done before\n") << "the same images: " << again.err;
  const Finished anew = world_.sweep("clip_zeroshot,coop", {"--cache", "new", "--force"});
  EXPECT_EQ(anew.out, "6 runs: 6 done now\n") << anew.err;

  expect_part(of_small({"verify", "one"}).out, ": all in order\n");
  EXPECT_EQ(of_small({"show", "one", "--grid", "sheet.png"}).code, 0);
  const Finished predicted = world_.run({"predict", "data/one/images.zip", "--model", "model", "--classes",
                                         "a,b", "--format", "csv", "--top", "1"});
  expect_part(predicted.out, "data/one/images.zip/a/test0.bmp,1,");
  expect_refused(datasets({"seal", "./birds", "--suite", "small", "--output", "sealed"}),
                 "birds: is your own; only datasets of a suite can be sealed");
  nlohmann::json alone = read_json(world_ / "suites/small/one.json");
  nlohmann::json folders = alone;
  folders["split"] = {{"kind", "wordnet_folders"}, {"file", "classnames.txt"}};
  write_file(world_ / "suites/small/one.json", folders.dump());
  expect_refused(of_small({"seal", "one", "--output", "sealed"}),
                 "one: its classes are its folders, which an archive has not");
  alone["images"] = ".";
  write_file(world_ / "suites/small/one.json", alone.dump());
  expect_refused(of_small({"seal", "one", "--output", "sealed"}),
                 "one: its images have no folder of their own");
}

TEST_F(DatasetsCommand, SealedAgainHaveTheSplitOfToday) {
  ASSERT_EQ(of_small({"seal", "one", "--output", "sealed"}).code, 0);
  const fs::path file = "one/split_zhou.json";
  nlohmann::json split = read_json(world_ / "data" / file);
  split["test"].erase(0);
  write_file(world_ / "data" / file, split.dump());
  ASSERT_EQ(of_small({"seal", "one", "--output", "sealed"}).code, 0);
  EXPECT_EQ(read_file(world_ / "sealed" / file), read_file(world_ / "data" / file));
}

TEST_F(DatasetsCommand, ShrinksPngImagesWithoutChangingAPixel) {
  Picture red{64, 64, std::vector<uint8_t>(64 * 64 * 3)};
  for (size_t i = 0; i < red.rgb.size(); i += 3) red.rgb[i] = static_cast<uint8_t>(i);
  const std::string small = encode_png(red);
  // A text that decoders skip makes the file larger: length, kind, contents, and a checksum of zlib's.
  std::string text = "tEXt" + std::string("Comment\0", 8) + std::string(5000, 'x');
  const auto big_endian = [](uint64_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
    return bytes;
  };
  const std::string chunk = big_endian(text.size() - 4) + text +
                            big_endian(crc32(0, reinterpret_cast<const unsigned char*>(text.data()),
                                             static_cast<unsigned>(text.size())));
  constexpr size_t kAfterHeader = 33;
  write_file(world_ / "data/one/images/a/train0.bmp",
             small.substr(0, kAfterHeader) + chunk + small.substr(kAfterHeader));
  EXPECT_EQ(of_small({"seal", "one", "--output", "sealed", "--shrink-png"}).code, 0);
  const ImageFiles sealed(world_ / "sealed/one/images");
  EXPECT_EQ(sealed.read("a/train0.bmp"), small);
  EXPECT_EQ(sealed.read("a/train1.bmp"), read_file(world_ / "data/one/images/a/train1.bmp"));
}

TEST_F(DatasetsCommand, MeasuresWhatCropsLeave) {
  const Finished text = of_small({"crops", "--model", "model", "--areas", "0.3,0.9", "--draws", "2"});
  EXPECT_EQ(text.code, 0) << text.err;
  expect_part(text.out, "Dataset");
  expect_part(text.out, "of the centre's");
  expect_part(text.out, "on centre crops");
  const Finished csv =
      of_small({"crops", "--model", "model", "--areas", "0.3,0.9", "--draws", "2", "--format", "csv"});
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 1 + 3 * 3) << csv.out;
  expect_part(csv.out, "one,0.3-1,");
  expect_part(csv.out, "mean,centre,");
  expect_refused(of_small({"crops", "--model", "model", "--areas", "0.9,0.3"}), "in ascending order");
  expect_refused(of_small({"crops", "--model", "model", "--areas", "0.3-0.5"}),
                 "--areas 0.3-0.5: give shares");
  expect_refused(of_small({"crops", "--model", "model", "--areas", "2"}), "--areas 2-1: give shares");
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

TEST_F(DatasetsCommand, ANoisyDrawIsTheOneOfTheSweepThatMakesIt) {
  const std::vector<std::string> noise = {"--label-noise", "asymmetric:0.5"};
  std::vector<std::string> draw = {"draw", "one",         "--shots", "2",        "--seed",
                                   "1",    "--class-set", "base",    "--output", "draw.json"};
  draw.insert(draw.end(), noise.begin(), noise.end());
  EXPECT_EQ(of_small(draw).out,
            "draw.json: one, 2 shots, seed 1: 4 training and 2 validation images\n"
            "2 training images have a wrong label\n");
  const auto json = read_json(world_ / "draw.json");
  EXPECT_EQ(json.at("label_noise"), "asymmetric:0.5");
  EXPECT_EQ(json.at("flipped").size(), 2u);

  ASSERT_EQ(world_.sweep("coop", {"--datasets", "one"}).out, "2 runs: 2 done now\n");
  EXPECT_EQ(world_.sweep("coop", {"--datasets", "one", noise[0], noise[1]}).out, "2 runs: 2 done now\n");
  EXPECT_EQ(world_.sweep("coop", {"--datasets", "one", "--imbalance", "2"}).out, "2 runs: 2 done now\n");
  const std::string text = world_.run({"report"}).out;
  EXPECT_EQ(text.find("left out"), std::string::npos)
      << "fewer images are no other version of them: " << text;
  for (const char* part : {"label_noise=asymmetric:0.5", "label_noise=none", "imbalance=2"})
    expect_part(text, part);
  const std::string noisy = world_.run({"report", "--where", "label_noise=asymmetric:0.5"}).out;
  EXPECT_EQ(noisy.find("imbalance"), std::string::npos) << noisy;
  const std::vector<std::string> found = {"runs", "list", "--where", "label_noise=asymmetric:0.5"};
  expect_part(world_.run(found).out, "coop");
  expect_refused(world_.sweep("coop", {"--datasets", "one", "--draws", "draw.json"}),
                 "draw.json: is a changed draw, which a sweep makes itself");
  expect_refused(of_small({"draw", "one", "--shots", "2", "--seed", "1", "--label-noise", "0.4"}),
                 "--label-noise 0.4: give symmetric or asymmetric");
  expect_refused(of_small({"draw", "one", "--shots", "2", "--seed", "1", "--imbalance", "1"}),
                 "--imbalance 1: give a number above 1");
  expect_refused(of_small({"draw", "one", "--shots", "2", "--seed", "1", "--imagenet-val", "test"}),
                 "--imagenet-val test: known: none, train");
  expect_refused(of_small({"draw", "one", "--shots", "2", "--seed", "1", "--imagenet-val", "train"}),
                 "--imagenet-val train: one is not ImageNet; leave it out");
}

TEST_F(DatasetsCommand, DescriptionsMakeARunOfTheirOwn) {
  write_file(world_ / "words.json", R"({"a": ["a", "a b"], "b": ["b"], "c": ["c"], "d": ["d"]})");
  ASSERT_EQ(world_.sweep("clip_zeroshot", {"--datasets", "one"}).code, 0);
  const std::vector<std::string> described = {"--datasets", "one", "--descriptions", "one=words.json"};
  EXPECT_EQ(world_.sweep("clip_zeroshot", described).out, "1 run: 1 done now\n");
  EXPECT_EQ(world_.sweep("clip_zeroshot", described).out, "1 run: 1 done before\n");
  expect_part(world_.run({"report"}).out, "descriptions=given");
  expect_refused(world_.sweep("clip_zeroshot", {"--datasets", "one", "--descriptions", "words.json"}),
                 "--descriptions words.json: give a dataset and a file, such as dtd=dtd.json");
}

TEST_F(DatasetsCommand, UserTemplatesAndClassNamesMakeOtherRuns) {
  write_file(world_ / "templates.json", R"({"one": "an icon of {}."})");
  write_file(world_ / "names.json", R"({"one": {"a": "d"}})");
  ASSERT_EQ(world_.sweep("clip_zeroshot", {"--datasets", "one"}).code, 0);
  EXPECT_EQ(world_.sweep("clip_zeroshot", {"--datasets", "one", "--templates", "templates.json"}).out,
            "1 run: 1 done now\n");
  const Finished named = world_.sweep("clip_zeroshot", {"--datasets", "one", "--class-names", "names.json"});
  EXPECT_EQ(named.out, "1 run: 1 done now\n");
  expect_part(named.err, "note: data/one/split_zhou.json: 1 name is shared by several classes, first 'd'");
}

TEST_F(DatasetsCommand, AnswersWrongInputWithOneLine) {
  expect_refused(datasets({}),
                 "runner datasets needs a subcommand: list, show, verify, crops, seal, draw, import-draw");
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
