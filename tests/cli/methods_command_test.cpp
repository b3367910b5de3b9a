#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "clip/towers/stand_in_device.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// How the check of a method ends that every rule but one is for. Two are about a device that LibTorch 2 has
/// not.
const std::string kAllButOne = stand_in_device() ? "  20 rules kept, 0 broken, 1 not for this method\n"
                                                 : "  18 rules kept, 0 broken, 3 not for this method\n";

namespace fs = std::filesystem;
using test::Finished;

const std::string kFaulty = fs::path(PROMPTBED_FIXTURES) / "faulty.so";

Finished methods(std::vector<std::string> words) {
  const test::ScratchFolder scratch;
  words.insert(words.begin(), "methods");
  return test::run_runner(scratch.path(), {}, words);
}

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "expected: " << part << "\ngot: " << text;
}

TEST(MethodsCommand, TellsAllOfAMethod) {
  const Finished result = methods({"cocoop", "clip_zeroshot"});
  EXPECT_EQ(result.code, 0) << result.err;
  expect_parts(
      result.out,
      {"cocoop\n  CoCoOp: a Meta-Net", "version  1", "plugins/cocoop.so", "options  (--set cocoop.n_ctx=...)",
       "ctx_init", "needs    training features only", "settled on devices: ctx_init=\"",
       "10 epochs in batches of 1;", "1 epoch of warm-up at a learning rate of 1e-05, then a cosine",
       "all tensors: SGD, momentum 0.9, learning rate 0.002, weight decay 0.0005", "clip_zeroshot\n",
       "training none: one run per dataset"});
}

TEST(MethodsCommand, SaysWhichMethodsChooseOnValidationImages) {
  const Finished told = methods({"gda_clip", "clip_adapter"});
  expect_parts(told.out, {"  choice   chooses on few-shot validation images\n"});
  EXPECT_EQ(told.out.find("choice", told.out.find("clip_adapter\n")), std::string::npos);
}

TEST(MethodsCommand, ListsALineForEachMethod) {
  const Finished listed = methods({});
  EXPECT_EQ(listed.code, 0) << listed.err;
  expect_parts(listed.out, {
                               "\ncoop           CoOp: one learned context for all images\n",
                               "\nclip_zeroshot  CLIP as it is, with hand-written templates\n",
                           });
  EXPECT_EQ(listed.err, "\nOptions, needs and recipe of one: runner methods NAME\n");
  EXPECT_EQ(listed.out.find("n_ctx"), std::string::npos);
}

TEST(MethodsCommand, ChecksAPlugin) {
  const Finished result = methods({"check", (program_folder() / "plugins/clip_adapter.so").string()});
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  expect_parts(result.out,
               {"clip_adapter.so (interface ",
                "clip_adapter (version 1): ", "pass  logits      logits are finite and shaped [B, K]\n",
                "pass  retarget    it serves other classes as if it had been bound to them\n", kAllButOne});
}

TEST(MethodsCommand, ExplainsItsCheckAndTakesOptionsBeforeIt) {
  const Finished help = methods({"check", "--help"});
  EXPECT_TRUE(help.out.starts_with("usage: runner methods check PATH")) << help.out;
  EXPECT_TRUE(methods({"--help"}).out.starts_with("usage: runner methods [NAME...]"));
  EXPECT_NE(methods({"check"}).err.find("runner methods check needs the path of a plugin"),
            std::string::npos);
  const Finished late = methods({"--plugins", program_folder().string(), "check", "/nowhere/mine.so"});
  EXPECT_EQ(late.code, 2);
  EXPECT_NE(late.err.find("/nowhere/mine.so"), std::string::npos) << late.err;
}

TEST(MethodsCommand, TellsAndChecksAMethodOnAnotherWithItsBase) {
  const Finished told = methods({"dept"});
  EXPECT_EQ(told.code, 0) << told.err;
  expect_parts(told.out,
               {"base     coop (version 1); --set dept.base=... gives another\n",
                "its options: --set coop.OPTION=..., or --set dept.base.OPTION=... under dept alone\n",
                "settled on devices: base=\"coop\", base.csc=false, base.ctx_init=\"\", base.n_ctx=16",
                "tensors base.*: SGD, momentum 0.9, learning rate 0.0035"});
  const Finished checked = methods({"check", (program_folder() / "plugins/dept.so").string()});
  EXPECT_EQ(checked.code, 0) << checked.err << checked.out;
  expect_parts(checked.out, {"dept (version 1): ", kAllButOne});
}

TEST(MethodsCommand, TellsWhichRuleAPluginBreaksOrFallsOver) {
  const Finished result = methods({"check", kFaulty, "none", "crashes_in_bind", "looks_at_the_batch"});
  EXPECT_EQ(result.code, 1) << result.err << result.out;
  expect_parts(
      result.out,
      {"FAIL  bind        it takes a task: the plugin ended its process with signal 11 (Segmentation fault)\n"
       "  5 rules kept, 1 broken, 0 not for this method\n",
       "FAIL  rows        each image is judged by itself, whatever else is in the batch: row 0 has"});
  EXPECT_EQ(result.out.find("exits_in_bind"), std::string::npos) << "only what is named is checked";
}

TEST(MethodsCommand, AnswersWrongInputWithOneLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"nonesuch"}, "no method nonesuch; known: ape, atprompt, clap, clip_adapter"},
      {{"--plugins", "nowhere"}, "--plugins nowhere: is no folder; give the one that holds the plugins"},
      {{"check"}, "runner methods check needs the path of a plugin"},
      {{"check", "none.so"}, "plugin none.so: is not there; build it, or correct the path"},
      {{"check", kFaulty, "nonesuch"}, "faulty.so: offers no method nonesuch; it has none, throws_in_create"},
      {{"check", fs::path(PROMPTBED_FIXTURES) / "no_plugin.so"}, "no_plugin.so: exports no promptbed_plugin"},
  };
  for (const auto& [words, message] : cases) {
    const Finished result = methods(words);
    EXPECT_EQ(result.code, 2) << message;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    expect_parts(result.err, {message});
  }
}

}  // namespace
}  // namespace promptbed
