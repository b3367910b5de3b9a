#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "results/ledger.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::sample_outcome;
using test::sample_spec;

class LedgerTogether : public ::testing::Test {
 protected:
  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "runs/ledger.db"};
  RunSpec spec_ = sample_spec();
  std::string id_ = spec_.id();
};

TEST_F(LedgerTogether, WhatIsDoneTogetherIsOneTransaction) {
  const RunSpec other = sample_spec("office");
  ledger_.together([&] {
    for (const RunSpec& spec : {spec_, other}) {
      EXPECT_TRUE(ledger_.claim(spec));
      test::finish(ledger_, spec.id(), sample_outcome(spec.dataset, 60, 50));
    }
    EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::done) << "it sees itself what it has done";
    // In a process of its own: closing the file would end this one's locks.
    EXPECT_EXIT(::_exit(Ledger::open_existing(ledger_.path()).list().empty() ? 0 : 1),
                testing::ExitedWithCode(0), "")
        << "others do not, yet";
  });
  const Ledger read = Ledger::open_existing(ledger_.path());
  EXPECT_EQ(read.list({.status = RunStatus::done}).size(), 2U);
  EXPECT_EQ(read.scores().size(), 4U) << "and their seals are right";
}

TEST_F(LedgerTogether, WhatFailsTogetherIsUndoneTogetherAndACallAlone) {
  EXPECT_ERROR(ledger_.together([&] {
    ledger_.claim(spec_);
    throw Error("another reason");
  }),
               "another reason");
  EXPECT_EQ(test::status_of(ledger_, id_), std::nullopt);
  ledger_.together([&] {
    ledger_.claim(spec_);
    const auto fails = [] { throw Error("no room for its prompt"); };
    EXPECT_ERROR(ledger_.keep_training(id_, sample_outcome("brands", 60, 50), fails), "no room");
    EXPECT_ERROR(ledger_.add_tests(sample_spec("office").id(), {}), "taken over");
    ledger_.fail(id_, "no room for its prompt");
  });
  const RunRecord record = ledger_.list().at(0);
  EXPECT_EQ(record.status, RunStatus::failed);
  EXPECT_FALSE(record.kept_state);
  EXPECT_TRUE(ledger_.epochs().empty());
  EXPECT_TRUE(ledger_.claim(spec_)) << "calls alone work again";
}

// SQLite undoes a transaction by itself when it has to write in the middle of it, its cache being full, and
// cannot.
TEST_F(LedgerTogether, WhatIsDoneTogetherIsUndoneOnAFullDisk) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  outcome.execution.host.assign(1 << 20, 'h');
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, SIG_IGN);
  int64_t failures = 0;
  const auto record_many = [&] {
    const rlimit small{.rlim_cur = 1 << 20, .rlim_max = limit.rlim_max};
    for (int64_t seed = 1; seed <= 60; ++seed) {
      if (seed == 2) ::setrlimit(RLIMIT_FSIZE, &small);
      if (seed == 50) ::setrlimit(RLIMIT_FSIZE, &limit);  // as if somebody had made room
      const RunSpec spec = sample_spec("brands", seed);
      try {
        ledger_.claim(spec);
        test::finish(ledger_, spec.id(), outcome);
      } catch (const Error&) {
        ++failures;
      }
    }
  };
  EXPECT_ERROR(ledger_.together(record_many), "ledger.db: ");
  ::setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_GT(failures, 10) << "all after the first that failed fail, too";
  EXPECT_TRUE(ledger_.list().empty()) << "neither what came before nor what came after is kept";
  EXPECT_TRUE(ledger_.claim(spec_));
}

}  // namespace
}  // namespace promptbed
