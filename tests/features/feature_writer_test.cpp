#include "features/feature_writer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "features/feature_file.h"
#include "features/small_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::small_key;
using test::small_table;

class FeatureWriterTest : public testing::Test {
 protected:
  /// Appends the table and flushes, without the end that merges.
  void write_part(const FeatureTable& table) {
    FeatureWriter writer(cache_, key_, log_);
    writer.append(table.rows, table.features);
    writer.flush();
  }

  void write_all(const FeatureTable& table) {
    FeatureWriter writer(cache_, key_, log_);
    writer.append(table.rows, table.features);
    writer.finish();
  }

  std::vector<std::string> files_beside_cache() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(scratch_.path()))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  test::ScratchFolder scratch_;
  fs::path cache_ = scratch_ / "pets.h5";
  CacheKey key_ = small_key(StoredType::f32);
  std::ostringstream log_;
};

TEST_F(FeatureWriterTest, AddsToWhatIsThere) {
  const FeatureTable cats = small_table(10, "cat/"), dogs = small_table(5, "dog/");
  write_all(cats);
  write_all(dogs);
  const FeatureFile file(cache_);
  EXPECT_EQ(file.rows().size(), 15U);
  EXPECT_TRUE(file.features().equal(at::cat({cats.features, dogs.features})));
  EXPECT_EQ(files_beside_cache(), (std::vector<std::string>{"pets.h5"}));
  EXPECT_EQ(log_.str(), "");
}

TEST_F(FeatureWriterTest, ALaterRowReplacesAnEarlierOne) {
  const FeatureTable stale = small_table(10);
  FeatureTable fresh = small_table(4);
  write_all(stale);
  write_all(fresh);
  const FeatureFile file(cache_);
  EXPECT_EQ(file.rows().size(), 10U);
  EXPECT_EQ(file.rows()[6].image, "cat/0.png");
  EXPECT_TRUE(file.features().equal(at::cat({stale.features.slice(0, 4), fresh.features})));
}

TEST_F(FeatureWriterTest, PartsOfAnEndedWriterAreMergedByTheNext) {
  const FeatureTable cats = small_table(10, "cat/"), dogs = small_table(5, "dog/");
  write_part(cats);
  EXPECT_FALSE(fs::exists(cache_));
  write_part(dogs);
  EXPECT_EQ(FeatureFile(cache_).rows().size(), 10U);
  FeatureWriter(cache_, key_, log_);
  EXPECT_TRUE(FeatureFile(cache_).features().equal(at::cat({cats.features, dogs.features})));
}

TEST_F(FeatureWriterTest, AProcessKilledAtTheEndLeavesNothingForLong) {
  write_all(small_table(10));
  write_file(cache_.string() + ".lock", "");
  EXPECT_FALSE(clean_up(cache_, key_, log_));
  EXPECT_EQ(files_beside_cache(), (std::vector<std::string>{"pets.h5"}));
}

TEST_F(FeatureWriterTest, AKilledProcessLosesOnlyTheBlockInWork) {
  const FeatureTable cats = small_table(10, "cat/"), dogs = small_table(5, "dog/");
  const pid_t child = ::fork();
  if (child == 0) {
    FeatureWriter writer(cache_, key_, log_);
    writer.append(cats.rows, cats.features);
    writer.flush();
    writer.append(dogs.rows, dogs.features);
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));

  FeatureWriter(cache_, key_, log_);  // does not wait: the lock died with its holder
  EXPECT_EQ(log_.str(), "");
  EXPECT_TRUE(FeatureFile(cache_).features().equal(cats.features));
}

TEST_F(FeatureWriterTest, LeftTemporaryFilesAreRemoved) {
  write_all(small_table(3));
  write_file(scratch_ / "pets.h5.4711.tmp", "half a file");
  write_file(scratch_ / "pets.h5.part000001.4711.tmp", "half a part");
  write_file(scratch_ / "pets.h5x", "somebody else's");
  FeatureWriter(cache_, key_, log_);
  EXPECT_EQ(files_beside_cache(), (std::vector<std::string>{"pets.h5", "pets.h5x"}));
  EXPECT_EQ(FeatureFile(cache_).rows().size(), 3U);
}

TEST_F(FeatureWriterTest, TheSecondWriterWaitsAndSaysSo) {
  auto first = std::make_unique<FeatureWriter>(cache_, key_, log_);
  std::ostringstream said;
  auto second = std::async(std::launch::async, [&] { const WriterLock lock(cache_, said); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  first.reset();
  second.get();
  EXPECT_EQ(said.str(), cache_.string() + ": waiting for another process to finish writing\n");
}

TEST_F(FeatureWriterTest, RefusesPartsOfAnotherKey) {
  write_part(small_table(3));
  EXPECT_ERROR(FeatureWriter(cache_, small_key(StoredType::f16), log_),
               "pets.h5.part000001: holds features of stored type \"f32\", not \"f16\"");
}

TEST_F(FeatureWriterTest, AFolderThatCannotBeMadeIsNamed) {
  write_file(scratch_ / "file", "");
  EXPECT_ERROR(FeatureWriter(scratch_ / "file/pets.h5", key_, log_), "file/pets.h5.lock: cannot be written");
}

}  // namespace
}  // namespace promptbed
