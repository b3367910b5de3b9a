#include "sweep/job_queue.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "base/files.h"
#include "results/run_files.h"
#include "results/sample_runs.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

PromptLearner* create_nothing(const Options&) {
  return nullptr;
}

constexpr MethodSpec kMethod = {.name = "coop",
                                .version = 1,
                                .summary = "for tests",
                                .training = Training::trainable,
                                .options = nullptr,
                                .option_count = 0,
                                .create = create_nothing};

/// Queues of coop on "brands", one run a seed, with a ledger of their own.
class Queue : public testing::Test {
 protected:
  /// The runs of seeds 1 to `count`, as a plan holds those that nobody has tried.
  std::unique_ptr<JobQueue> queue(int64_t count) {
    for (int64_t seed = 1; seed <= count; ++seed) {
      auto& run = runs_.emplace_back(std::make_unique<PlannedRun>());
      run->method = &method_;
      run->job.run = test::sample_spec("brands", seed);
      run->job.tests =
          std::vector<JobTest>{{"brands", "split", ClassSet::base}, {"brands", "split", ClassSet::new_}};
      run->tests = run->job.tests;
      run->id = run->job.run.id();
    }
    std::vector<const PlannedRun*> planned;
    for (const auto& run : runs_) planned.push_back(run.get());
    return std::make_unique<JobQueue>(planned, spec_, ledger_, progress_);
  }

  static RunOutcome tested() {
    RunOutcome outcome = test::sample_outcome("brands", 60, 50);
    for (Score& score : outcome.scores) score.split_hash = "split";
    return outcome;
  }

  static void train(JobQueue& queue, const std::string& run) {
    RunOutcome outcome = test::sample_outcome("brands", 0, 0);
    outcome.scores.clear();
    queue.report({.run = run, .stage = JobStage::trained, .outcome = outcome});
  }

  static void finish(JobQueue& queue, const std::string& run) {
    train(queue, run);
    queue.report({.run = run, .stage = JobStage::done, .outcome = tested()});
  }

  static SweepOutcome outcome_of(const JobQueue& queue) {
    SweepOutcome outcome;
    queue.add_to(outcome);
    return outcome;
  }

  test::ScratchFolder scratch_;
  SweepSpec spec_;
  Ledger ledger_{scratch_ / "ledger.db"};
  std::ostringstream log_;
  Progress progress_{"runs", 1, log_, false};
  Method method_{"coop", "plugins/coop.so", "hash", &kMethod};
  std::vector<std::unique_ptr<PlannedRun>> runs_;
};

TEST_F(Queue, HandsOutEachJobOnceAndClaimsIt) {
  const auto jobs = queue(2);
  EXPECT_EQ(jobs->waiting(), 2);
  const std::string first = jobs->next().value().run.id(), second = jobs->next().value().run.id();
  EXPECT_NE(first, second);
  EXPECT_FALSE(jobs->next());
  EXPECT_EQ(ledger_.find(first).status, RunStatus::running);
  EXPECT_EQ(ledger_.find(first).owner, this_process());
  EXPECT_EQ(ledger_.find(first).protocols, std::vector<Protocol>{Protocol::base_new});
  finish(*jobs, first);
  finish(*jobs, second);
  EXPECT_EQ(ledger_.find(first).status, RunStatus::done);
  EXPECT_EQ(outcome_of(*jobs).made, 2);
}

TEST_F(Queue, KeepsTheTrainingOfAWorkerThatDiesInTheTests) {
  const auto jobs = queue(1);
  const std::string run = jobs->next().value().run.id();
  train(*jobs, run);
  jobs->lose(run, {.accident = "signal 11 (Segmentation fault)"});
  EXPECT_EQ(ledger_.find(run).status, RunStatus::done);
  EXPECT_EQ(ledger_.find(run).error,
            "coop (plugin coop.so): its process ended with signal 11 (Segmentation fault); fix the plugin or "
            "leave the method out");
  EXPECT_EQ(outcome_of(*jobs).failures.size(), 1u);
}

TEST_F(Queue, SaysWhetherTheLedgerHasWhatAnOutcomeBrings) {
  const auto jobs = queue(1);
  const std::string run = jobs->next().value().run.id();
  JobOutcome trained{.run = run, .stage = JobStage::trained};
  trained.prompt = pending_prompt_path(ledger_.path(), run).filename();  // which nobody has written
  EXPECT_FALSE(jobs->report(trained));
  EXPECT_FALSE(jobs->report({.run = run, .stage = JobStage::done, .outcome = tested()}))
      << "of no kept training";
  EXPECT_FALSE(jobs->report({.run = run, .stage = JobStage::done, .outcome = tested()}))
      << "nobody has it in hand";
  EXPECT_EQ(outcome_of(*jobs).failures.size(), 1u);
}

TEST_F(Queue, NamesMemoryAsAReasonForAKilledWorker) {
  const auto jobs = queue(1);
  jobs->lose(jobs->next().value().run.id(), {.accident = "signal 9 (Killed)", .killed = true});
  EXPECT_EQ(
      outcome_of(*jobs).failures.at(0).reason,
      "coop: its process ended with signal 9 (Killed), perhaps because memory ran out; use fewer --jobs");
}

TEST_F(Queue, TriesAFailedRunAgainAsOftenAsAskedAndTestsWhatItHasTrained) {
  spec_.retries = 2;
  const auto jobs = queue(1);
  const Job first = jobs->next().value();
  const std::string run = first.run.id();
  EXPECT_EQ(first.attempt, 1);
  jobs->report({.run = run, .stage = JobStage::failed, .error = "no luck"});
  const Job second = jobs->next().value();
  EXPECT_EQ(second.attempt, 2);
  EXPECT_FALSE(second.kept_state);
  train(*jobs, run);
  jobs->report({.run = run, .stage = JobStage::failed, .error = "no luck in the tests"});
  const Job third = jobs->next().value();
  EXPECT_EQ(third.kept_state, hash_of_state(test::sample_state()))
      << "the prompt is there, and only to be tested";
  jobs->report({.run = run, .stage = JobStage::failed, .error = "no luck at all"});
  EXPECT_FALSE(jobs->next());
  EXPECT_EQ(outcome_of(*jobs).failures.at(0).reason, "no luck at all");
  EXPECT_EQ(ledger_.find(run).attempts, 3);
}

TEST_F(Queue, TriesAgainTheTestsThatAreMissing) {
  spec_.retries = 1;
  const auto jobs = queue(1);
  const std::string run = jobs->next().value().run.id();
  train(*jobs, run);
  RunOutcome half = tested();
  half.scores.pop_back();
  half.shortfall = "new of brands: is missing";
  jobs->report({.run = run, .stage = JobStage::done, .outcome = half});
  const Job again = jobs->next().value();
  ASSERT_EQ(again.tests->size(), 1u);
  EXPECT_EQ(again.tests->at(0).classes, ClassSet::new_);
}

TEST_F(Queue, LeavesOutTheRestAfterAFailureIfAsked) {
  spec_.fail_fast = true;
  const auto jobs = queue(4);
  const std::string first = jobs->next().value().run.id(), second = jobs->next().value().run.id();
  jobs->report({.run = first, .stage = JobStage::failed, .error = "no luck"});
  EXPECT_TRUE(jobs->stops());
  EXPECT_EQ(jobs->waiting(), 0);
  EXPECT_FALSE(jobs->next());
  jobs->report({.run = second, .stage = JobStage::interrupted});
  EXPECT_EQ(ledger_.list().size(), 1u) << "an interrupted run leaves no trace";
  EXPECT_EQ(outcome_of(*jobs).left_out, 3);
}

TEST_F(Queue, LeavesRunsAloneThatAnotherProcessHasTakenSinceTheyWerePlanned) {
  const auto jobs = queue(3);
  const auto spec = [&](size_t i) { return runs_[i]->job.run; };
  ledger_.claim(spec(0));
  test::finish(ledger_, runs_[0]->id, tested());
  ledger_.claim(spec(1));
  ledger_.fail(runs_[1]->id, "no luck there");
  const Job job = jobs->next().value();
  EXPECT_EQ(job.run.id(), runs_[2]->id);
  finish(*jobs, runs_[2]->id);
  const SweepOutcome outcome = outcome_of(*jobs);
  EXPECT_EQ(outcome.made, 2) << "what another has finished is done now, too";
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].reason, "no luck there");
  EXPECT_EQ(ledger_.find(runs_[1]->id).attempts, 1);
}

TEST_F(Queue, GivesBackWhatNobodyReportedOn) {
  auto jobs = queue(1);
  jobs->next();
  jobs.reset();
  EXPECT_TRUE(ledger_.list().empty());
}

TEST_F(Queue, ARunThatIsDeletedWhileItIsMadeIsAFailure) {
  const auto jobs = queue(1);
  const std::string run = jobs->next().value().run.id();
  ledger_.release(run);
  finish(*jobs, run);
  EXPECT_NE(outcome_of(*jobs).failures.at(0).reason.find("was deleted or taken over while it ran"),
            std::string::npos);
}

TEST_F(Queue, PutsAPromptInPlaceWhenTheTrainingIsKept) {
  const auto jobs = queue(1);
  const std::string run = jobs->next().value().run.id();
  const auto pending = pending_prompt_path(ledger_.path(), run);
  write_file(pending, "a prompt");
  jobs->report({.run = run,
                .stage = JobStage::trained,
                .outcome = test::sample_outcome("brands", 0, 0),
                .prompt = pending.filename().string()});
  EXPECT_EQ(read_file(prompt_path(ledger_.path(), run)), "a prompt");
  EXPECT_EQ(ledger_.find(run).kept_state, hash_of_state(test::sample_state()));
}

TEST_F(Queue, NeverWritesOverThePromptOfWhoeverHasTheRunNow) {
  const auto jobs = queue(1);
  const std::string run = jobs->next().value().run.id();
  {
    SQLite::Database database(ledger_.path().string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET host = 'another one'");  // that has taken it over
  }
  write_file(prompt_path(ledger_.path(), run), "the winner's");
  const auto pending = pending_prompt_path(ledger_.path(), run);
  write_file(pending, "the loser's");
  jobs->report({.run = run,
                .stage = JobStage::trained,
                .outcome = test::sample_outcome("brands", 0, 0),
                .prompt = pending.filename().string()});
  jobs->report({.run = run, .stage = JobStage::done, .outcome = tested()});
  EXPECT_EQ(read_file(prompt_path(ledger_.path(), run)), "the winner's");
  EXPECT_FALSE(std::filesystem::exists(pending));
  EXPECT_TRUE(ledger_.scores().empty());
  EXPECT_FALSE(ledger_.find(run).kept_state);
}

TEST_F(Queue, DoesNotTrainAgainWhatAProcessHasTrainedThatDiedSinceThePlan) {
  const auto jobs = queue(1);
  const std::string run = runs_[0]->id;
  ledger_.claim(runs_[0]->job.run);
  ledger_.keep_training(run, test::sample_outcome("brands", 0, 0));
  write_file(prompt_path(ledger_.path(), run), "a prompt");
  {
    SQLite::Database database(ledger_.path().string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET process_start = 'gone', attempts = 0");
  }
  EXPECT_EQ(jobs->next().value().kept_state, hash_of_state(test::sample_state()));
}

TEST_F(Queue, FailsAndGivesBackARunWhosePromptCannotBeLookedFor) {
  const auto jobs = queue(1);
  const std::string run = runs_[0]->id;
  ledger_.claim(runs_[0]->job.run);
  ledger_.keep_training(run, test::sample_outcome("brands", 0, 0));
  std::filesystem::create_symlink("prompts", scratch_ / "prompts");  // leads to itself
  {
    SQLite::Database database(ledger_.path().string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET process_start = 'gone', attempts = 0");
  }
  EXPECT_FALSE(jobs->next());
  EXPECT_EQ(outcome_of(*jobs).failures.size(), 1u);
  EXPECT_FALSE(ledger_.find(run).owner);
  EXPECT_EQ(ledger_.find(run).status, RunStatus::done);
}

TEST_F(Queue, SaysWhoHasARunThatItCouldNotTake) {
  const auto jobs = queue(1);
  ledger_.claim(runs_[0]->job.run);
  {
    SQLite::Database database(ledger_.path().string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET host = 'bench', pid = 4242");
  }
  EXPECT_FALSE(jobs->next());
  const SweepOutcome outcome = outcome_of(*jobs);
  EXPECT_EQ(outcome.elsewhere, 1);
  ASSERT_EQ(outcome.held.size(), 1u);
  EXPECT_EQ(outcome.held[0].run, runs_[0]->id);
  EXPECT_EQ(outcome.held[0].owner.host, "bench");
  EXPECT_EQ(outcome.held[0].owner.pid, 4242);
  EXPECT_FALSE(outcome.held[0].since.empty());
}

TEST_F(Queue, FailsTheRunsOnASpoiltDataset) {
  const auto jobs = queue(2);
  jobs->fail_datasets({{"brands", "a.png is missing"}});
  EXPECT_FALSE(jobs->next());
  EXPECT_EQ(outcome_of(*jobs).failures.size(), 2u);
  EXPECT_EQ(ledger_.find(runs_[1]->id).error, "a.png is missing");
}

TEST_F(Queue, NotesWorkersThatEndBadlyWithoutARun) {
  const auto jobs = queue(1);
  jobs->note_accident({});
  EXPECT_TRUE(outcome_of(*jobs).accidents.empty());
  jobs->note_accident({.accident = "exit code 2"});
  EXPECT_EQ(outcome_of(*jobs).accidents.at(0), "a worker process ended with exit code 2 outside of any run");
  EXPECT_EQ(outcome_of(*jobs).elsewhere, 1) << "nobody is left to make the run";
}

TEST_F(Queue, ARetryForgetsWhatTheLedgerRefusedBefore) {
  spec_.retries = 1;
  const auto jobs = queue(1);
  const std::string run = jobs->next()->run.id();
  {
    SQLite::Database database(ledger_.path().string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET process_start = 'gone'");  // the claim is lost
  }
  finish(*jobs, run);
  EXPECT_TRUE(ledger_.scores().empty());

  ASSERT_TRUE(jobs->next().has_value());
  finish(*jobs, run);
  EXPECT_EQ(ledger_.scores().size(), 2u);
  EXPECT_EQ(test::status_of(ledger_, run), RunStatus::done);
}

TEST_F(Queue, KeepsPromptsThatAreReportedTogether) {
  const auto jobs = queue(2);
  std::vector<std::string> runs;
  jobs->together([&] {
    while (const auto job = jobs->next()) runs.push_back(job->run.id());
  });
  ASSERT_EQ(runs.size(), 2U);
  jobs->together([&] {
    for (const std::string& run : runs) {
      const auto pending = pending_prompt_path(ledger_.path(), run);
      write_file(pending, "a prompt");
      RunOutcome outcome = test::sample_outcome("brands", 0, 0);
      outcome.scores.clear();
      EXPECT_TRUE(jobs->report({.run = run,
                                .stage = JobStage::trained,
                                .outcome = outcome,
                                .prompt = pending.filename().string()}));
      EXPECT_TRUE(jobs->report({.run = run, .stage = JobStage::done, .outcome = tested()}));
    }
  });
  EXPECT_EQ(outcome_of(*jobs).made, 2);
  for (const std::string& run : runs) EXPECT_EQ(read_file(prompt_path(ledger_.path(), run)), "a prompt");
  EXPECT_EQ(Ledger::open_existing(ledger_.path()).list({.status = RunStatus::done}).size(), 2U);
}

TEST_F(Queue, TellsWhetherTheLedgerHasAnEnd) {
  const auto jobs = queue(1);
  const std::string run = jobs->next()->run.id();
  JobOutcome end{.run = run, .stage = JobStage::done, .outcome = tested()};
  EXPECT_FALSE(jobs->has(end));
  finish(*jobs, run);
  EXPECT_TRUE(jobs->has(end));
  end.outcome.scores[0].dataset = "office";
  EXPECT_FALSE(jobs->has(end)) << "of another test it has nothing";
  EXPECT_FALSE(jobs->has({.run = run, .stage = JobStage::failed, .error = ""}))
      << "it may have been tried again";
  end.outcome = tested();
  ledger_.claim(test::sample_spec("brands", 1), Redo::yes);
  EXPECT_FALSE(jobs->has(end)) << "whoever has it waits for this";
}

TEST_F(Queue, GivesAllBackAtItsEnd) {
  auto jobs = queue(3);
  while (jobs->next()) {
  }
  jobs.reset();
  for (const RunRecord& run : ledger_.list()) EXPECT_FALSE(run.owner);
}

}  // namespace
}  // namespace promptbed
