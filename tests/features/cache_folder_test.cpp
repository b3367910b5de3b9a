#include "features/cache_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/files.h"
#include "features/feature_file.h"
#include "features/feature_writer.h"
#include "features/small_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::small_key;
using test::small_table;

TEST(CacheFolder, TellsKeysRowsAndKindsSortedByPath) {
  test::ScratchFolder scratch;
  CacheKey cars = small_key(StoredType::f32);
  cars.dataset = "cars";
  const CacheKey pets = small_key(StoredType::f32);
  write_feature_file(cache_path(scratch.path(), pets), pets, small_table(3), FileKind::sealed);
  write_feature_file(cache_path(scratch.path(), cars), cars, small_table(5));
  const auto caches = list_caches(scratch.path());
  ASSERT_EQ(caches.size(), 2U);
  EXPECT_EQ(caches[0].key.dataset, "cars");
  EXPECT_EQ(caches[0].rows, 5);
  EXPECT_FALSE(caches[0].sealed);
  EXPECT_TRUE(caches[1].sealed);
  EXPECT_EQ(caches[1].rows, 3);
  EXPECT_EQ(difference(caches[1].key, pets), "");
  EXPECT_EQ(caches[0].bytes, fs::file_size(caches[0].path));
  EXPECT_TRUE(list_caches(scratch / "none").empty());
}

TEST(CacheFolder, ListsADamagedFileWithItsFault) {
  test::ScratchFolder scratch;
  write_file(scratch / "pets.h5", "no features");
  const auto caches = list_caches(scratch.path());
  ASSERT_EQ(caches.size(), 1U);
  EXPECT_NE(caches[0].fault.find("pets.h5: is no HDF5 file"), std::string::npos) << caches[0].fault;
  EXPECT_ERROR(verify_cache(scratch / "pets.h5"), "is no HDF5 file");
}

TEST(CacheFolder, RemovesACacheWithItsLeftoversAndNothingElse) {
  test::ScratchFolder scratch;
  const fs::path pets = scratch / "pets.h5";
  write_feature_file(pets, small_key(StoredType::f32), small_table(3));
  write_feature_file(part_path(pets, 1), small_key(StoredType::f32), small_table(1));
  write_file(scratch / "pets.h5.4711.tmp", "half a file");
  write_file(scratch / "petsy.h5", "another's");
  std::ostringstream log;
  remove_cache(pets, log);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(scratch.path())) left.push_back(entry.path().filename());
  std::ranges::sort(left);
  EXPECT_EQ(left, (std::vector<std::string>{"petsy.h5"}));
}

}  // namespace
}  // namespace promptbed
