#include "sweep/workers.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/installation.h"
#include "results/run_record.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"
#include "sweep/features.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Worker processes on the small world, the fixture plugin `faulty` among the methods, and a ledger that they
/// do not know of.
class LocalWorkersTest : public testing::Test {
 protected:
  LocalWorkersTest() {
    fs::create_directory(world_ / "plugins");
    fs::copy_file(fs::path(PROMPTBED_FIXTURES) / "faulty.so", world_ / "plugins/faulty.so");
    spec_.suite = "small";
    spec_.shots = {2};
    spec_.seeds = {1, 2};
    spec_.views = 0;
    spec_.epochs = 2;
    spec_.model = world_ / "model";
    spec_.data = world_ / "data";
    spec_.cache = world_ / "runs/cache";
    spec_.ledger = world_ / "runs/nobody.db";
    spec_.suites = world_ / "suites";
    spec_.plugins = {world_ / "plugins"};
    settings_.program = program_folder() / "runner";
  }

  /// Plans the methods' runs, and has them made by so many workers.
  SweepOutcome make(const std::vector<std::string>& methods, int64_t workers) {
    spec_.methods = methods;
    Workbench bench(spec_);
    const Plan plan = plan_sweep(spec_, bench);
    std::ostringstream log;
    extract(extractions_of(plan, plan.pending(), bench.inputs()), bench.inputs(), 1, log);
    Progress progress("runs", 1, log, false);
    JobQueue queue(plan.pending(), spec_, ledger_, progress);
    settings_.count = workers;
    run_local_workers(queue, bench.spec(), settings_);
    SweepOutcome outcome;
    queue.add_to(outcome);
    return outcome;
  }

  test::SweepWorld world_;
  SweepSpec spec_;
  Ledger ledger_{world_ / "runs/ledger.db"};  // prompts lie beside it
  LocalWorkers settings_;
};

TEST_F(LocalWorkersTest, MakeTheJobsAndNeverOpenALedger) {
  EXPECT_EQ(make({"clip_zeroshot", "coop"}, 2).made, 6);
  EXPECT_FALSE(fs::exists(spec_.ledger));
  for (const RunRecord& run : ledger_.list()) {
    EXPECT_EQ(run.status, RunStatus::done);
    EXPECT_EQ(ledger_.outcome(run.id).scores.size(), 2u);
    EXPECT_EQ(fs::exists(prompt_path(spec_.ledger, run.id)), run.spec.method == "coop");
  }
}

TEST_F(LocalWorkersTest, ADeadWorkerFailsItsJobAloneAndIsReplaced) {
  const SweepOutcome outcome = make({"crashes_in_bind", "exits_in_bind", "coop"}, 1);
  EXPECT_EQ(outcome.failures.size(), 8u);
  EXPECT_EQ(outcome.made, 4);
  EXPECT_TRUE(outcome.accidents.empty());
}

TEST_F(LocalWorkersTest, AWorkerThatSomebodyStopsIsReplacedAndItsJobGoesOn) {
  const std::string mark = (world_ / "stopped").string();
  ::setenv("PROMPTBED_FAULTY_STOPPED", mark.c_str(), 1);
  const SweepOutcome outcome = make({"stops_its_process_once", "coop"}, 1);
  ::unsetenv("PROMPTBED_FAULTY_STOPPED");
  EXPECT_TRUE(fs::exists(mark));
  EXPECT_EQ(outcome.made, 8);
  EXPECT_TRUE(outcome.failures.empty() && outcome.accidents.empty());
  for (const RunRecord& run : ledger_.list()) EXPECT_EQ(run.attempts, 1) << "one that was taken back is none";
}

TEST_F(LocalWorkersTest, WorkersThatAreStoppedAgainAndAgainAreGivenUp) {
  const SweepOutcome outcome = make({"stops_its_process"}, 1);
  EXPECT_EQ(outcome.made, 0);
  EXPECT_EQ(outcome.elsewhere, 4);
  EXPECT_EQ(outcome.accidents,
            (std::vector<std::string>{
                "somebody stops worker processes again and again; sweep again when that has ended"}));
}

TEST_F(LocalWorkersTest, AWorkerThatCannotStartWorkIsAnAccidentAndNotReplaced) {
  settings_.program = "/bin/false";
  const SweepOutcome outcome = make({"coop"}, 2);
  EXPECT_EQ(outcome.accidents.size(), 2u);
  EXPECT_EQ(outcome.accidents.at(0), "a worker process ended with exit code 1 outside of any run");
  EXPECT_EQ(outcome.elsewhere, 4);
  EXPECT_TRUE(ledger_.list().empty());
}

TEST_F(LocalWorkersTest, NobodyElseStartsAWorker) {
  const auto started = world_.run({"sweep", "--worker"});
  EXPECT_EQ(started.code, 2);
  EXPECT_NE(started.err.find("is for runner sweep to start; leave --worker out"), std::string::npos)
      << started.err;
}

TEST(Workers, ShareOutTheGpus) {
  const auto device_of = [](const char* device, int64_t worker, int64_t gpus) {
    BenchSpec bench;
    bench.placement.device = torch::Device(device);
    return bench_of_worker(bench, worker, gpus).placement.device.str();
  };
  EXPECT_EQ(device_of("cuda", 0, 2), "cuda:0");
  EXPECT_EQ(device_of("cuda", 1, 2), "cuda:1");
  EXPECT_EQ(device_of("cuda", 2, 2), "cuda:0");
  EXPECT_EQ(device_of("cuda:1", 2, 2), "cuda:1") << "one was chosen";
  EXPECT_EQ(device_of("cuda", 1, 0), "cuda") << "LibTorch says what is wrong";
  EXPECT_EQ(device_of("cpu", 1, 2), "cpu");
}

}  // namespace
}  // namespace promptbed
