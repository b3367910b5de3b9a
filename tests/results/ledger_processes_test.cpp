#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "base/files.h"
#include "results/ledger.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// A process of its own that exits with what `work` returns. Its exception is an exit with 99.
pid_t in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    ::_exit(work());
  } catch (...) {
    ::_exit(99);
  }
}

int exit_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Waits for the end of a child without burying it: a zombie stays.
void wait_for_end(pid_t child) {
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
}

TEST(LedgerProcesses, EachRunIsMadeOnceByWhomeverClaimsIt) {
  test::ScratchFolder scratch;
  constexpr int kProcesses = 6;
  constexpr int64_t kRuns = 12;
  // Nobody has made the file yet: they race for that too.
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(in_child([&] {
      Ledger ledger(scratch / "ledger.db");
      int claimed = 0;
      for (int64_t seed = 1; seed <= kRuns; ++seed) {
        const RunSpec spec = test::sample_spec("brands", seed);
        if (!ledger.claim(spec)) continue;
        ++claimed;
        test::finish(ledger, spec.id(), test::sample_outcome("brands", 60, 50));
      }
      return claimed;
    }));
  }
  int claimed = 0;
  for (const pid_t child : children) claimed += exit_of(child);
  EXPECT_EQ(claimed, kRuns);
  for (const RunRecord& record : Ledger(scratch / "ledger.db").list()) {
    EXPECT_EQ(record.status, RunStatus::done);
    EXPECT_EQ(record.attempts, 1);
  }
}

TEST(LedgerProcesses, AClaimLastsAsLongAsItsOwner) {
  test::ScratchFolder scratch;
  const RunSpec spec = test::sample_spec();
  int claimed[2], may_end[2];
  ASSERT_EQ(::pipe(claimed), 0);
  ASSERT_EQ(::pipe(may_end), 0);
  const pid_t owner = in_child([&] {
    Ledger ledger(scratch / "ledger.db");
    char signal = ledger.claim(spec) ? 'y' : 'n';
    if (::write(claimed[1], &signal, 1) != 1 || ::read(may_end[0], &signal, 1) != 1) return 1;
    return 0;
  });
  char answer = 0;
  ASSERT_EQ(::read(claimed[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');

  Ledger ledger(scratch / "ledger.db");
  EXPECT_FALSE(ledger.claim(spec));
  EXPECT_ERROR(ledger.remove(spec.id()), "end that first");
  EXPECT_EQ(ledger.list().at(0).owner->pid, owner);
  ledger.release(spec.id());  // not ours
  EXPECT_EQ(test::status_of(ledger, spec.id()), RunStatus::running);

  ASSERT_EQ(::write(may_end[1], "e", 1), 1);
  wait_for_end(owner);
  EXPECT_TRUE(ledger.claim(spec)) << "a zombie owns nothing";
  EXPECT_EQ(exit_of(owner), 0);
  for (const int end : {claimed[0], claimed[1], may_end[0], may_end[1]}) ::close(end);
}

TEST(LedgerProcesses, WhatADeadProcessLeftIsEndedByAnother) {
  test::ScratchFolder scratch;
  const RunSpec first = test::sample_spec("brands", 1), second = test::sample_spec("brands", 2);
  const pid_t owner = in_child([&] {
    Ledger ledger(scratch / "ledger.db");
    return ledger.claim(first) && ledger.claim(second) ? 0 : 1;
  });
  ASSERT_EQ(exit_of(owner), 0);
  Ledger ledger(scratch / "ledger.db");
  ledger.fail(first.id(), "its process fell over");
  ledger.release(second.id());
  ASSERT_EQ(ledger.list().size(), 1u);
  EXPECT_EQ(ledger.list().at(0).error, "its process fell over");
  EXPECT_EQ(ledger.list().at(0).attempts, 1);
}

TEST(LedgerProcesses, AnotherHostsClaimIsRespectedUntilTheRunIsRemoved) {
  test::ScratchFolder scratch;
  const auto path = scratch / "ledger.db";
  const RunSpec spec = test::sample_spec();
  { Ledger(path).claim(spec); }
  // The same bytes with another host name of the same length, as if the file came from there.
  std::string bytes = read_file(path);
  const std::string host = this_process().host;
  const size_t place = bytes.rfind(host);
  ASSERT_NE(place, std::string::npos);
  bytes[place] = bytes[place] == 'x' ? 'y' : 'x';
  write_file(path, bytes);

  Ledger ledger(path);
  EXPECT_FALSE(ledger.claim(spec));
  ledger.remove(spec.id());
  EXPECT_TRUE(ledger.claim(spec));
}

}  // namespace
}  // namespace promptbed
