#include "report/page/sweep_commands.h"

#include <gtest/gtest.h>

#include "report/selected_runs.h"

namespace promptbed {
namespace {

RunResults base_new_run(const RunSpec& spec) {
  RunResults run;
  run.record.spec = spec;
  run.record.protocols = {Protocol::base_new};
  return run;
}

std::vector<Suite> embedded_suite() {
  Suite suite;
  suite.id = "pocket";
  suite.model = "model";
  suite.data = "data";
  const RunSpec run = test::sample_spec();
  for (const char* id : {"office", "brands"}) {
    DatasetSpec& dataset = suite.datasets.emplace_back();
    dataset.id = id;
    dataset.prompt_template = run.prompt_template;
    dataset.context_init = run.context_init;
  }
  return {suite};
}

TEST(SweepCommands, GiveTheWholeGridAndEveryOption) {
  const RunSelection selection{
      .runs = {base_new_run(test::sample_spec("brands", 1)), base_new_run(test::sample_spec("brands", 2)),
               base_new_run(test::sample_spec("office", 1)), base_new_run(test::sample_spec("office", 2))},
      .notes = {}};
  EXPECT_EQ(
      sweep_commands(selection, embedded_suite()),
      (std::vector<std::string>{
          "runner sweep --protocol base-new --methods coop --datasets all --suite pocket --shots 16 --seeds "
          "1,2 \\\n"
          "    --views 10 --epochs 200 --batch-size 32 --lr 0.002 --precision f32 --set coop.csc=false \\\n"
          "    --set 'coop.ctx_init=an icon of a' --set coop.n_ctx=4"}));
}

TEST(SweepCommands, MethodsWithTheSameSettingsShareOne) {
  RunSpec other = test::sample_spec("brands", 1, "kgcoop"), slower = test::sample_spec("brands", 1, "cocoop");
  slower.recipe->batch_size = 1;
  const RunSelection selection{
      .runs = {base_new_run(test::sample_spec()), base_new_run(other), base_new_run(slower)}, .notes = {}};
  const std::vector<std::string> commands = sweep_commands(selection, embedded_suite());
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_NE(commands[0].find("--methods cocoop --datasets brands"), std::string::npos) << commands[0];
  EXPECT_NE(commands[1].find("--methods coop,kgcoop"), std::string::npos) << commands[1];
}

TEST(SweepCommands, VariantsOfOneMethodHaveTheirOwn) {
  RunSpec longer = test::sample_spec();
  longer.options["n_ctx"] = int64_t{16};
  const RunSelection selection{.runs = {base_new_run(test::sample_spec()), base_new_run(longer)},
                               .notes = {}};
  EXPECT_EQ(sweep_commands(selection, embedded_suite()).size(), 2u);
}

TEST(SweepCommands, LeaveAPlaceForTemplatesAndForPathsThatNoLedgerKnows) {
  RunSpec worded = test::zero_shot_spec();
  worded.prompt_template = "a drawing of a {}.";
  EXPECT_EQ(sweep_commands({.runs = {base_new_run(worded)}, .notes = {}}, embedded_suite()),
            (std::vector<std::string>{
                "runner sweep --protocol base-new --methods clip_zeroshot --datasets brands --suite pocket "
                "--precision f32 \\\n    --templates TEMPLATES"}));
  EXPECT_EQ(
      sweep_commands({.runs = {base_new_run(test::zero_shot_spec("birds"))}, .notes = {}}, embedded_suite()),
      (std::vector<std::string>{
          "runner sweep --protocol base-new --methods clip_zeroshot --datasets PATH/birds --model MODEL "
          "--precision f32"}));
}

TEST(SweepCommands, CountTargetsThatTheMethodRefused) {
  RunResults run = test::few_shot_run("office", 16, 1, 60);
  run.record.protocols = {Protocol::cross_dataset};
  run.refusals.push_back({.dataset = "brands", .class_set = "all", .reason = "cannot", .split_hash = ""});
  const auto commands = sweep_commands({.runs = {run}, .notes = {}}, embedded_suite());
  EXPECT_NE(commands.at(0).find("--targets brands"), std::string::npos) << commands.at(0);
}

TEST(SweepCommands, SayNothingOfTrainingWithoutIt) {
  const RunSelection selection{.runs = {base_new_run(test::zero_shot_spec())}, .notes = {}};
  EXPECT_EQ(sweep_commands(selection, embedded_suite()),
            (std::vector<std::string>{
                "runner sweep --protocol base-new --methods clip_zeroshot --datasets brands --suite pocket "
                "--precision f32"}));
}

TEST(SweepCommands, NameTheSourceAndTheTargets) {
  RunResults run = test::few_shot_run("office", 16, 1, 60);
  run.record.protocols = {Protocol::cross_dataset};
  run.scores.push_back(test::sample_score("elsewhere", "all", 30));
  RunResults untrained = test::untrained_run("elsewhere", 40);
  untrained.record.protocols = {Protocol::cross_dataset};
  const std::vector<std::string> commands =
      sweep_commands({.runs = {run, untrained}, .notes = {}}, embedded_suite());
  ASSERT_EQ(commands.size(), 2u);
  for (const std::string& command : commands) {
    EXPECT_NE(command.find("--source office --targets PATH/elsewhere"), std::string::npos) << command;
    EXPECT_NE(command.find("--suite pocket"), std::string::npos) << "the source's: " << command;
  }
}

/// The embedded suite, and one whose dataset shifts one of it.
std::vector<Suite> suites_with_shift() {
  std::vector<Suite> suites = embedded_suite();
  Suite& shift = suites.emplace_back(suites.front());
  shift.id = "pocket_shift";
  shift.shifts = "office";
  shift.datasets.resize(1);
  shift.datasets[0].id = "office_shift";
  return suites;
}

RunResults asked_by(std::vector<Protocol> protocols, RunResults run) {
  run.record.protocols = std::move(protocols);
  return run;
}

RunResults trained_for_both_protocols() {
  RunResults run =
      asked_by({Protocol::cross_dataset, Protocol::domain}, test::few_shot_run("office", 16, 1, 60));
  run.scores.push_back(test::sample_score("brands", "all", 30));
  run.scores.push_back(test::sample_score("office_shift", "all", 20));
  return run;
}

bool begins(const std::string& command, const std::string& words) {
  return command.starts_with(words);
}

TEST(SweepCommands, PartTheTargetsOfTwoProtocols) {
  const RunSelection selection{
      .runs = {trained_for_both_protocols(),
               asked_by({Protocol::cross_dataset, Protocol::domain}, test::untrained_run("office", 50)),
               asked_by({Protocol::cross_dataset}, test::untrained_run("brands", 30)),
               asked_by({Protocol::domain}, test::untrained_run("office_shift", 25))},
      .notes = {}};
  const std::vector<std::string> commands = sweep_commands(selection, suites_with_shift());
  ASSERT_EQ(commands.size(), 4u);
  const char* const beginnings[] = {
      "runner sweep --protocol cross-dataset --methods clip_zeroshot --source office --targets brands "
      "--suite pocket ",
      "runner sweep --protocol cross-dataset --methods coop --source office --targets brands --suite pocket ",
      "runner sweep --protocol domain --methods clip_zeroshot --source office --targets office_shift "
      "--suite pocket ",
      "runner sweep --protocol domain --methods coop --source office --targets office_shift --suite pocket "};
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(begins(commands[i], beginnings[i])) << commands[i];
}

TEST(SweepCommands, OfUntrainedRunsAloneHaveASourceToo) {
  const RunSelection selection{
      .runs = {asked_by({Protocol::cross_dataset}, test::untrained_run("brands", 30)),
               asked_by({Protocol::domain}, test::untrained_run("office_shift", 25)),
               asked_by({Protocol::cross_dataset}, test::untrained_run("office", 50))},
      .notes = {}};
  EXPECT_EQ(sweep_commands(selection, suites_with_shift()),
            (std::vector<std::string>{
                "runner sweep --protocol cross-dataset --methods clip_zeroshot --source brands --targets "
                "office --suite pocket \\\n    --precision f32",
                "runner sweep --protocol domain --methods clip_zeroshot --source office --targets "
                "office_shift --suite pocket \\\n    --precision f32"}));
}

TEST(SweepCommands, EachSuiteHasItsOwn) {
  const RunSelection selection{.runs = {base_new_run(test::zero_shot_spec("brands")),
                                        base_new_run(test::zero_shot_spec("office_shift"))},
                               .notes = {}};
  EXPECT_EQ(sweep_commands(selection, suites_with_shift()),
            (std::vector<std::string>{
                "runner sweep --protocol base-new --methods clip_zeroshot --datasets brands --suite pocket "
                "--precision f32",
                "runner sweep --protocol base-new --methods clip_zeroshot --datasets all --suite "
                "pocket_shift --precision f32"}));
}

TEST(SweepCommands, EscapeTheCommasOfATextOption) {
  RunSpec spec = test::sample_spec();
  spec.options["ctx_init"] = std::string("a drawing, an icon,");
  const RunSelection selection{.runs = {base_new_run(spec)}, .notes = {}};
  const std::string command = sweep_commands(selection, embedded_suite()).at(0);
  EXPECT_NE(command.find("--set 'coop.ctx_init=a drawing\\, an icon\\,'"), std::string::npos) << command;
}

TEST(SweepCommands, ChangeDrawsAsTheRunsDid) {
  RunSpec spec = test::sample_spec();
  spec.changes = {.noise = LabelNoise{NoiseKind::symmetric, 0.4}, .imbalance = 10};
  spec.validation = "training";
  RunSpec described = test::zero_shot_spec();
  described.descriptions = "0123";
  const RunSelection selection{.runs = {base_new_run(spec), base_new_run(described)}, .notes = {}};
  std::string commands;
  for (std::string command : sweep_commands(selection, embedded_suite())) {
    std::erase(command, '\\');
    std::erase(command, '\n');
    commands += command;
  }
  for (const char* option : {"--label-noise symmetric:0.4", "--imbalance 10", "--imagenet-val train",
                             "--descriptions brands=FILE"})
    EXPECT_NE(commands.find(option), std::string::npos) << option << " in " << commands;
}

TEST(SweepCommands, LeaveAPlaceForPathsThatNoLedgerHolds) {
  const RunSelection selection{.runs = {base_new_run(test::sample_spec())}, .notes = {}};
  std::vector<Suite> bare = embedded_suite();
  bare[0].model.clear();
  bare[0].data.clear();
  EXPECT_NE(
      sweep_commands(selection, bare)[0].find("--datasets brands --suite pocket --model MODEL --data DATA"),
      std::string::npos);
  EXPECT_NE(sweep_commands(selection, {})[0].find("--datasets PATH/brands --model MODEL --shots"),
            std::string::npos);
}

}  // namespace
}  // namespace promptbed
