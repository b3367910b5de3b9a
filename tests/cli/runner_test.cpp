#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::SweepWorld;

/// Arguments that are wrong, and a part of the one line that says so.
struct Wrong {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(Runner, AnswersWrongInputWithOneLineAndExitCode2) {
  const SweepWorld world;
  write_file(world / "broken/model.safetensors", "xx");
  write_file(world / "broken/config.json", test::mini_config().dump());
  write_file(world / "no_ledger.db", std::string(5000, 'x'));
  write_file(world / "options.ini", "colour = red\n");
  const auto sweep = [](std::vector<std::string> more,
                        std::vector<std::string> start = {"--methods", "coop"}) {
    std::vector<std::string> arguments = {"sweep", "--suite", "small"};
    arguments.insert(arguments.end(), start.begin(), start.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const std::vector<std::string> inputs = {"--model", "model", "--data", "data"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), inputs.begin(), inputs.end());
    return more;
  };
  const std::vector<Wrong> cases = {
      {{"swep"}, "no command swep; did you mean sweep?"},
      {{"table"}, "no command table; known: sweep, "},
      {{"runs", "lst"}, "runner runs lst: no such subcommand; did you mean list?"},
      {{"report", "base-new"}, "runner report 'base-new': belongs to no option"},
      {sweep({"--model", "none", "--data", "data"}), "none"},
      {sweep({"--model", "broken", "--data", "data"}), "model.safetensors"},
      {sweep({"--model", "model", "--data", "none"}), "none"},
      {sweep({"--model", "model"}), "suite small embeds no data; give a folder with --data"},
      {sweep({"--data", "data"}), "suite small has no model of its own; give one with --model"},
      {sweep(with({"--views", "-1"})), "--views -1: give 0 to 1000"},
      {sweep(with({"--colour", "red"})), "unknown option --colour; known: --methods"},
      {sweep(with({"--method", "red"})), "unknown option --method; did you mean --methods?"},
      {sweep(with({"--config", "options.ini"})), "unknown option --colour; known: --methods"},
      {sweep(inputs, {"--methods", "coopp"}), "no method coopp; did you mean coop?"},
      {sweep(inputs, {"--methods", "dropout"}),
       "no method dropout; known: ape, atprompt, clap, clip_adapter"},
      {sweep(with({"--datasets", "three"})), "three"},
      {sweep(with({"--datasets", "three"})), "one, two"},
      {sweep(with({"--set", "coop.depth=3"})), "no option depth; known: csc, ctx_init, n_ctx, position"},
      {sweep(with({"--set", "coop.nctx=3"})), "no option nctx; did you mean n_ctx?"},
      {sweep(with({"--set", "coop.n_ctx=many"})), "\"many\" is not an integer"},
      {sweep(with({"--set", "cocoop.n_ctx=2"})), "method cocoop is not among --methods coop"},
      {sweep(with({"--set", "coop.position=sideways"})), "known: end, middle, front"},
      {sweep(with({"--set", "coop.csc=true"})), "coop: csc needs the number of context tokens; give n_ctx"},
      {sweep(with({"--set", "coop.n_ctx=-1"})), "n_ctx: -1 is negative"},
      {sweep(with({"--shots", "0"})), "--shots 0: give 1 to"},
      {sweep(with({"--seeds", "1,1"})), "--seeds 1,1: names 1 twice"},
      {sweep(with({"--lr", "nan"})), "--lr nan: is not a finite number"},
      {sweep(with({"--threads", "5000000000"})), "--threads 5000000000: give 1 to 1024"},
      {sweep(with({"--db", "model/config.json/ledger.db"})), "model/config.json"},
      {sweep(with({"--seeds", "1,two"})), "--seeds 1,two: two is not a whole number"},
      {sweep(with({"--protocol", "all"})), "known: base-new, open-world, few-shot, cross-dataset, domain"},
      {sweep(with({"--source", "one"})), "--source: is for the protocols cross-dataset and domain"},
      {sweep(with({"--protocol", "domain", "--datasets", "one"})),
       "domain has --source and --targets instead"},
      {sweep(with({"--protocol", "domain"})), "suite small has no dataset with shifted versions"},
      {sweep(with({"--retries", "-1"})), "--retries -1: give 0 to 100"},
      {sweep(with({"--device", "tpu"})), "--device tpu: known: cpu, cuda, cuda:N, stand-in"},
      {sweep(with({"--device", "cpu\nx"})), "--device cpu\\x0ax: known: cpu, cuda"},
      {sweep(with({"--device", "cuda:256"})), "--device cuda:256: known: cpu, cuda"},
      {sweep(with({"--precision", "tf32"})), "--precision tf32: only GPUs have it; give f32, bf16 or f16"},
      {sweep(with({"--db", "no_ledger.db"})), "no_ledger.db"},
      {{"report", "--table", "base-new"}, "runs/promptbed.db"},
      {{"report", "--table", "radar"}, "known: base-new"},
      {{"report", "--table", "base_new"}, "--table base_new: did you mean base-new?"},
      {{"runs", "list"}, "runs/promptbed.db"},
      {{"runs"}, "needs a subcommand"},
  };
  for (const Wrong& wrong : cases) {
    const auto result = world.run(wrong.arguments);
    EXPECT_EQ(result.code, 2) << wrong.message;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(test::count_errors(result.err), 1) << result.err;
    EXPECT_NE(result.err.find(wrong.message), std::string::npos)
        << "expected: " << wrong.message << "\ngot: " << result.err;
    EXPECT_FALSE(fs::exists(world / "runs")) << wrong.message;
  }
}

TEST(Runner, RefusesSplitsThatAreWrong) {
  const SweepWorld world;
  const auto split = world.make_split("one");
  auto outside = split;
  outside["train"][0][0] = "../../secret.png";
  world.write_split("one", outside);
  auto result = world.sweep("coop");
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("../../secret.png"), std::string::npos) << result.err;

  auto empty = split;
  std::erase_if(empty["train"].get_ref<nlohmann::json::array_t&>(),
                [](const auto& image) { return image[1] == 2; });
  world.write_split("one", empty);
  result = world.sweep("coop");
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("class 'c' (label 2) has no training images"), std::string::npos) << result.err;
}

TEST(Runner, HelpsWithEveryCommand) {
  const SweepWorld world;
  EXPECT_NE(world.run({"--help"}).out.find("sweep"), std::string::npos);
  for (const char* command : {"sweep", "train", "eval", "predict", "prompts", "report", "features", "bench",
                              "methods", "datasets", "runs", "ledger"}) {
    const auto help = world.run({command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_TRUE(help.out.starts_with("usage: runner " + std::string(command))) << help.out;
  }
}

/// The options that a help lists.
std::set<std::string> options_in(const std::string& help) {
  std::set<std::string> names;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.starts_with("  --") ? 4 : std::string::npos;
    if (begin != std::string::npos) names.insert(line.substr(begin, line.find_first_of(" =", begin) - begin));
  }
  return names;
}

TEST(Runner, KnowsTheOptionsOfAllSubcommandsByName) {
  const SweepWorld world;
  std::set<std::string> found;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"sweep"},
                                             {"train"},
                                             {"eval"},
                                             {"predict"},
                                             {"prompts", "show"},
                                             {"prompts", "words"},
                                             {"prompts", "import"},
                                             {"prompts", "export"},
                                             {"report"},
                                             {"features", "build"},
                                             {"features", "list"},
                                             {"features", "verify"},
                                             {"features", "prune"},
                                             {"features", "seal"},
                                             {"bench"},
                                             {"methods"},
                                             {"datasets", "list"},
                                             {"datasets", "show"},
                                             {"datasets", "verify"},
                                             {"datasets", "seal"},
                                             {"datasets", "draw"},
                                             {"datasets", "import-draw"},
                                             {"datasets", "crops"},
                                             {"runs", "list"},
                                             {"runs", "show"},
                                             {"runs", "diff"},
                                             {"runs", "release"},
                                             {"runs", "delete"},
                                             {"runs", "export"},
                                             {"ledger", "check"},
                                             {"ledger", "merge"},
                                             {"features", "export"},
                                             {"doctor"},
                                             {"completion"}}) {
    std::vector<std::string> arguments = words;
    arguments.emplace_back("--help");
    found.merge(options_in(world.run(arguments).out));
  }
  EXPECT_EQ(found.erase("config"), 1U);
  ASSERT_EQ(found.erase("db"), 1U);
  EXPECT_GT(found.size(), 60U);
  // Those of others are passed over in a file, if they are known to be options.
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  std::string config;
  for (const std::string& name : found) config += name + " = 1\n";
  write_file(world / "all.ini", config);
  const auto checked = world.run({"ledger", "check", "--config", "all.ini"});
  EXPECT_EQ(checked.code, 0) << checked.err;
}

TEST(Runner, ListsMethodsAndDatasets) {
  const SweepWorld world;
  const auto methods = world.run({"methods"});
  for (const char* name : {"clip_zeroshot", "cocoop", "coop", "coop_ctx60"}) {
    EXPECT_NE(methods.out.find(name), std::string::npos) << methods.out;
  }
  const auto datasets = world.run({"datasets", "list", "--suite", "small", "--data", "data"});
  EXPECT_NE(datasets.out.find("Dataset one"), std::string::npos) << datasets.out;
  EXPECT_NE(datasets.out.find("12"), std::string::npos) << datasets.out;  // training and test images
}

}  // namespace
}  // namespace promptbed
