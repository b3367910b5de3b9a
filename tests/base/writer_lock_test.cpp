#include "base/writer_lock.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace {

int lock_fault = 0;  // what flock() fails with, instead of locking; 0 for none

}  // namespace

/// In place of the system's, for file systems that have no locks.
extern "C" int flock(int descriptor, int operation) {
  if (lock_fault == 0) return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
  errno = lock_fault;
  return -1;
}

namespace promptbed {
namespace {

namespace fs = std::filesystem;

TEST(WriterLock, HasOneHolderAtATime) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  auto first = std::make_unique<WriterLock>(scratch / "cache/a", log);
  EXPECT_TRUE(is_locked(scratch / "cache/a"));
  auto second = std::async(std::launch::async, [&] { const WriterLock lock(scratch / "cache/a", log); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  first.reset();
  second.get();
  EXPECT_EQ(log.str(), (scratch / "cache/a").string() + ": waiting for another process to finish writing\n");
  EXPECT_FALSE(is_locked(scratch / "cache/a"));
}

TEST(WriterLock, LeavesNothing) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  { const WriterLock lock(scratch / "a", log); }
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  write_file(scratch / "a.lock", "");  // a killed holder's
  EXPECT_FALSE(is_locked(scratch / "a"));
  { const WriterLock lock(scratch / "a", log); }
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(WriterLock, RemovesWhatKilledHoldersLeft) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  const std::vector<std::string> others = {"a", "a.0123456789abcdef.tm", "a.notes.tmp", "a.part000001",
                                           "b.0123456789abcdef.tmp"};
  for (const std::string& name : others) write_file(scratch / name, "kept");
  write_file(temporary_name(scratch / "a"), "half");
  write_file(temporary_name(scratch / "a").string() + "-journal", "half");
  { const WriterLock lock(scratch / "a", log); }
  EXPECT_EQ(scratch.names(), others);
}

TEST(WriterLock, OfAKilledHolderIsTidiedByWhoeverHasNothingToWrite) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  const auto leave = [&] {
    write_file(scratch / "a.lock", "");
    write_file(temporary_name(scratch / "a"), "half");
  };
  leave();
  tidy_after_killed(scratch / "a");
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  const WriterLock lock(scratch / "a", log);
  const fs::path present = temporary_name(scratch / "a");
  write_file(present, "half");
  tidy_after_killed(scratch / "a");
  EXPECT_TRUE(fs::exists(present)) << "its writer lives";
  EXPECT_TRUE(is_locked(scratch / "a"));
}

TEST(WriterLock, NeverHasTwoHoldersAlthoughItsFileComesAndGoes) {
  test::ScratchFolder scratch;
  std::atomic<int> holders = 0, most = 0;
  std::vector<std::future<void>> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < 3; ++i) {
        std::ostringstream log;
        const WriterLock lock(scratch / "a", log);
        most = std::max<int>(most, ++holders);
        std::this_thread::yield();
        --holders;
      }
    }));
  }
  for (auto& thread : threads) thread.get();
  EXPECT_EQ(most, 1);
}

TEST(WriterLock, IsNotWaitedForWhereThereAreNoLocks) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  for (const auto& [fault, reason] : {std::pair(ENOLCK, "No locks available"),
                                      {ENOSYS, "Function not implemented"},
                                      {EOPNOTSUPP, "Operation not supported"}}) {
    lock_fault = fault;
    EXPECT_ERROR(WriterLock(scratch / "a", log), "a.lock: cannot be locked (" + std::string(reason) +
                                                     "); choose another folder with --cache");
  }
  lock_fault = 0;
  EXPECT_EQ(log.str(), "");
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(WriterLock, ThatCannotBeMadeSaysWhy) {
  test::ScratchFolder scratch;
  std::ostringstream log;
  write_file(scratch / "b", "");
  EXPECT_ERROR(WriterLock(scratch / "b/c", log),
               "b/c.lock: cannot be written (Not a directory); choose another folder with --cache");
  fs::create_symlink(scratch / "elsewhere", scratch / "d.lock");
  EXPECT_ERROR(WriterLock(scratch / "d", log), "d.lock: cannot be written");
  EXPECT_FALSE(fs::exists(scratch / "elsewhere")) << "no link is followed";
}

}  // namespace
}  // namespace promptbed
