#include <ATen/ATen.h>

#include <filesystem>

#include "cli/single_steps.h"
#include "clip/checkpoints/torch_files.h"
#include "prompts/trained_prompt.h"

namespace promptbed {
namespace {

using test::Finished;

class PromptsCommand : public test::SingleSteps {
 protected:
  static TrainedPrompt read(const std::string& file) { return read_trained_prompt(*world_ / file); }
};

TEST_F(PromptsCommand, ShowWhatAPromptIs) {
  const Finished text = run({"prompts", "show", id_});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* part :
       {"coop on one, 2 shots, seed 1\n", "base classes, 2 shots, seed 1", "2: a, b", "ctx [1, 8] Float"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << '\n' << text.out;
  const auto json = json_of({"prompts", "show", "runs/prompts/" + id_ + ".safetensors", "--format", "json"});
  EXPECT_EQ(json.at("id"), id_);
  EXPECT_EQ(json.at("class_names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(json.at("numbers"), 8);
}

TEST_F(PromptsCommand, ReadAContextAsWords) {
  const auto json = json_of({"prompts", "words", id_, "--model", "model", "--top", "3", "--format", "json"});
  ASSERT_EQ(json.size(), 1U) << "one vector";
  ASSERT_EQ(json[0].at("words").size(), 3U);
  EXPECT_EQ(json[0].at("words")[0].at("word"), "a") << "from which it started, two epochs ago";
  EXPECT_LT(json[0].at("words")[0].at("distance"), json[0].at("words")[1].at("distance"));
  EXPECT_TRUE(run({"prompts", "words", id_, "--model", "model", "--format", "csv"})
                  .out.starts_with("class,vector,rank,word,token,distance\n,1,1,a,"));
}

TEST_F(PromptsCommand, ComeBackFromTheReferencesFormBitByBit) {
  ASSERT_EQ(run({"prompts", "export", id_, "--output", "out/model.pth.tar-2"}).code, 0);
  const Finished imported = run(
      {"prompts", "import", "out/model.pth.tar-2", "--model", "model", "--output", "out/back.safetensors"});
  EXPECT_EQ(imported.code, 0) << imported.err;
  const TrainedPrompt before = read("runs/prompts/" + id_ + ".safetensors"),
                      after = read("out/back.safetensors");
  EXPECT_EQ(after.run.id(), before.run.id());
  EXPECT_EQ(after.class_names, before.class_names);
  ASSERT_EQ(after.state.size(), before.state.size());
  EXPECT_TRUE(at::equal(after.state[0].second, before.state[0].second));
}

TEST_F(PromptsCommand, AreNotReplacedByWhatIsMadeOfThem) {
  const std::string prompt = "runs/prompts/" + id_ + ".safetensors";
  expect_refused({"prompts", "export", id_, "--output", prompt}, "is what it would be made from");
  ASSERT_EQ(run({"prompts", "export", id_, "--output", "out/model.pth"}).code, 0);
  expect_refused({"prompts", "import", "out/model.pth", "--model", "model", "--output", "out/model.pth"},
                 "out/model.pth: is what it would be made from; choose another file");
}

TEST_F(PromptsCommand, AreFoundBesideTheLedgerThatALinkStandsFor) {
  std::filesystem::create_directory(*world_ / "elsewhere");
  std::filesystem::create_symlink("../runs/promptbed.db", *world_ / "elsewhere/link.db");
  EXPECT_EQ(run({"prompts", "show", id_, "--db", "elsewhere/link.db"}).code, 0);
  EXPECT_EQ(run({"ledger", "check", "--db", "elsewhere/link.db"}).code, 0);
}

TEST_F(PromptsCommand, AreMadeOfACheckpointOfTheReference) {
  const Tensor context = read("runs/prompts/" + id_ + ".safetensors").state.at(0).second;
  write_torch_file(*world_ / "theirs/model.pth.tar-50",
                   {{"state_dict", TorchDict{{"ctx", context.to(torch::kHalf)}}}, {"epoch", int64_t{50}}});
  const std::vector<std::string> import = {"prompts", "import", "theirs/model.pth.tar-50", "--output",
                                           "out/theirs.safetensors"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), import.begin(), import.end());
    return more;
  };
  expect_refused(with({"--model", "model"}), "does not name its classes; give --dataset and --class-set");
  const Finished imported = run(on_world(with({"--dataset", "one", "--class-set", "base"})));
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.out, "out/theirs.safetensors: coop, imported from model.pth.tar-50, 2 classes\n");
  EXPECT_NE(imported.err.find("assuming coop.position=end"), std::string::npos) << imported.err;
  const auto own = json_of(on_world({"eval", "--prompt", id_, "--format", "json"}));
  const auto theirs = json_of(on_world({"eval", "--prompt", "out/theirs.safetensors", "--format", "json"}));
  EXPECT_EQ(theirs.at("accuracy"), own.at("accuracy"));

  expect_refused(on_world(with({"--dataset", "one", "--class-set", "base", "--set", "coop.n_ctx=4"})),
                 "--set coop.n_ctx: follows from the checkpoint; leave it out");
  expect_refused(on_world(with({"--dataset", "one", "--class-set", "base", "--set", "coop.position=above"})),
                 "above");
}

TEST_F(PromptsCommand, RefuseWrongInputInOneLine) {
  expect_refused({"prompts"}, "runner prompts needs a subcommand: show, words, import, export");
  expect_refused({"prompts", "show"}, "runner prompts show needs a trained prompt");
  expect_refused({"prompts", "show", "model/model.safetensors"}, "is not a trained prompt");
  expect_refused({"prompts", "words", "f00", "--model", "model"}, "f00");
  expect_refused({"prompts", "export", id_}, "--output: is missing");
  expect_refused({"prompts", "import", "model/model.safetensors", "--model", "model", "--output", "x"},
                 "is no file of torch.save");
}

}  // namespace
}  // namespace promptbed
