#include <cmath>
#include <filesystem>
#include <regex>
#include <string>

#include "cli/single_steps.h"
#include "support/tiny_png.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::count_lines;
using test::Finished;

class TrainCommand : public test::SingleSteps {};

TEST_F(TrainCommand, ShowsEpochsAndTellsScoresAndThePrompt) {
  EXPECT_NE(trained_.err.find("epoch 1 of 2: loss "), std::string::npos) << trained_.err;
  std::smatch told;
  ASSERT_TRUE(std::regex_search(trained_.err, told,
                                std::regex(", ([0-9.]+) s; ([0-9]+) s left\nepoch 2 of 2: loss ")))
      << trained_.err;
  EXPECT_EQ(std::stod(told[2]), std::ceil(std::stod(told[1]))) << "one more like the first";
  EXPECT_TRUE(trained_.err.find(" left\n", trained_.err.find("epoch 2 of 2")) == std::string::npos);
  EXPECT_TRUE(trained_.out.starts_with("coop on one, 2 shots, seed 1: done now\n")) << trained_.out;
  EXPECT_NE(trained_.out.find("prompt  runs/prompts/" + id_ + ".safetensors\n"), std::string::npos)
      << trained_.out;
  EXPECT_NE(trained_.out.find("base of one: "), std::string::npos) << trained_.out;
  EXPECT_NE(trained_.out.find("new of one: "), std::string::npos) << trained_.out;
}

TEST_F(TrainCommand, IsOneRunOfTheSweepAndNotDoneAgain) {
  const Finished again =
      run(on_world({"train", "--method", "coop", "--dataset", "one", "--shots", "2", "--views", "2",
                    "--epochs", "2", "--output", "copies/mine.safetensors"}));
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(again.out.starts_with("coop on one, 2 shots, seed 1: done before\n")) << again.out;
  EXPECT_EQ(read_file(*world_ / "copies/mine.safetensors"),
            read_file(*world_ / ("runs/prompts/" + id_ + ".safetensors")));
  const Finished swept = world_->sweep("coop", {"--datasets", "one", "--seeds", "1"});
  EXPECT_EQ(swept.out, "1 run: 1 done before\n") << swept.err;
}

TEST_F(TrainCommand, RefusesWhatIsNotOneTrainedRun) {
  const auto train = [](std::vector<std::string> more) {
    more.insert(more.begin(), "train");
    return on_world(std::move(more));
  };
  expect_refused(train({"--method", "clip_zeroshot", "--dataset", "one"}),
                 "clip_zeroshot: needs no training; test it with runner eval --method clip_zeroshot");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--seed", "1,2"}),
                 "--seed 1,2: is not a whole number");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--seed", "-1"}),
                 "--seed -1: give 0 or more");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--shots", "1,2"}),
                 "--shots 1,2: runner train makes one run");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--targets", "two"}),
                 "--targets two: base-new tests --dataset alone");
  expect_refused(train({"--method", "coop", "--dataset", "one,two"}),
                 "ask for 2 runs, and runner train makes one");
  expect_refused(train({"--method", "coop"}), "--dataset: is missing");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--set", "coop.n_ctx=500"}),
                 "coop on one, 16 shots, seed 1: ");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--db", "new.db", "--output", "./new.db"}),
                 "--output ./new.db: is the ledger, which would be lost; give another file");
  expect_refused(train({"--method", "coop", "--dataset", "one", "--epochs", "many"}), "many");
}

class EvalCommand : public test::SingleSteps {};

TEST_F(EvalCommand, GivesTheScoresOfTheLedger) {
  const auto scores = Ledger::open_existing(*world_ / "runs/promptbed.db").outcome(id_).scores;
  ASSERT_EQ(scores.size(), 2U);
  for (const Score& score : scores) {
    const auto json = json_of(
        on_world({"eval", "--prompt", id_.substr(0, 8), "--class-set", score.class_set, "--format", "json"}));
    EXPECT_EQ(json.at("accuracy"), score.accuracy);
    EXPECT_EQ(json.at("macro_f1"), score.macro_f1);
    EXPECT_EQ(json.at("images"), score.images);
    EXPECT_EQ(json.at("left_out"), 12 - score.images);
    EXPECT_TRUE(json.at("top5").is_null()) << "of two classes";
  }
}

TEST_F(EvalCommand, WritesPredictionsAndTheConfusionMatrix) {
  const Finished result =
      run(on_world({"eval", "--prompt", "runs/prompts/" + id_ + ".safetensors", "--dataset", "two",
                    "--format", "csv", "--predictions", "out/p.csv", "--confusion", "out/c.csv"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(count_lines(result.out), 6) << result.out;
  EXPECT_TRUE(result.out.starts_with("scope,class,images,correct,accuracy,top5,f1\nall,,12,")) << result.out;
  const std::string predictions = read_file(*world_ / "out/p.csv");
  EXPECT_EQ(count_lines(predictions), 13);
  EXPECT_TRUE(predictions.starts_with("picture,class,predicted,probability,top5\na/test0.bmp,a,"))
      << predictions;
  EXPECT_TRUE(read_file(*world_ / "out/c.csv").starts_with("class,a,b,c,d\na,"));
}

TEST_F(EvalCommand, TestsAListOfClassesZeroShot) {
  write_file(*world_ / "names.txt", "c\nabc\nb\n");
  const Finished result =
      run(on_world({"eval", "--method", "clip_zeroshot", "--dataset", "one", "--classes-file", "names.txt"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("on one, the classes in names.txt: 6 test images of 3 classes"),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("6 test images of other classes were left out"), std::string::npos) << result.out;
}

TEST_F(EvalCommand, TestsAPromptWithThePrecisionThatItWasTrainedWith) {
  const Finished made =
      run(on_world({"train", "--method", "coop", "--dataset", "one", "--shots", "2", "--views", "2",
                    "--epochs", "2", "--precision", "bf16", "--db", "bf16/ledger.db"}));
  ASSERT_EQ(made.code, 0) << made.err;
  const RunRecord rounded = Ledger::open_existing(*world_ / "bf16/ledger.db").list().at(0);
  const auto tested = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words =
        on_world({"eval", "--prompt", rounded.id, "--db", "bf16/ledger.db", "--class-set", "base"});
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  EXPECT_EQ(tested({}).err.find("note: the prompt was"), std::string::npos);
  EXPECT_NE(tested({"--precision", "f32"})
                .err.find("note: the prompt was trained with bf16, and is tested with f32"),
            std::string::npos);
}

TEST_F(EvalCommand, WritesNothingIntoTheLedger) {
  const std::string before = read_file(*world_ / "runs/promptbed.db");
  ASSERT_EQ(run(on_world({"eval", "--prompt", id_, "--class-set", "base"})).code, 0);
  EXPECT_EQ(read_file(*world_ / "runs/promptbed.db"), before);
}

TEST_F(EvalCommand, RefusesWrongInputInOneLine) {
  auto tensors = test::mini_huggingface_tensors(3);
  tensors.at("logit_scale").add_(1);
  write_safetensors(*world_ / "other/model.safetensors", {tensors.begin(), tensors.end()});
  for (const char* file : {"config.json", "merges.txt"})
    fs::copy_file(*world_ / "model" / file, *world_ / "other" / file, fs::copy_options::overwrite_existing);
  expect_refused({"eval", "--prompt", id_, "--suite", "small", "--data", "data", "--model", "other"},
                 "trained prompt of coop on one, 2 shots, seed 1: belongs to model ");
  expect_refused(on_world({"eval"}), "runner eval needs --prompt, or --method");
  expect_refused(on_world({"eval", "--prompt", "none.safetensors"}),
                 "none.safetensors: no such trained prompt");
  expect_refused(on_world({"eval", "--prompt", "model/model.safetensors"}), "is not a trained prompt");
  expect_refused(on_world({"eval", "--method", "coop", "--dataset", "one"}),
                 "--method coop: has to be trained");
  expect_refused(on_world({"eval", "--prompt", id_, "--set", "coop.n_ctx=4"}),
                 "--set: the prompt " + id_ + " has its own");
  expect_refused(on_world({"eval", "--prompt", id_, "--class-set", "some"}),
                 "--class-set some: known: base, new, all");
  expect_refused(on_world({"eval", "--prompt", id_, "--dataset", "three"}), "three");
  for (const char* part : {"train", "test"})
    test::write_tiny_png(*world_ / "lonely" / part / "cat/1.png", 10);
  expect_refused(
      on_world({"eval", "--method", "clip_zeroshot", "--dataset", "./lonely", "--class-set", "new"}),
      "--class-set new: lonely has 1 class, and so no new ones");
}

}  // namespace
}  // namespace promptbed
