#include "results/dataset_places.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

class DatasetPlaces : public testing::Test {
 protected:
  void keep(const std::vector<DatasetPlace>& places) { keep_places(ledger_, places, log_); }

  test::ScratchFolder scratch_;
  const fs::path ledger_ = scratch_ / "runs.db";
  std::ostringstream log_;
};

TEST_F(DatasetPlaces, AreFoundByNameAndSplit) {
  EXPECT_FALSE(find_place(ledger_, "birds", "aa"));
  keep({{"birds", "aa", "/x/birds"}, {"cars", "cc", "/x/cars.csv"}});
  keep({{"birds", "bb", "/y/birds"}});
  EXPECT_EQ(find_place(ledger_, "birds", "aa"), "/x/birds");
  EXPECT_EQ(find_place(ledger_, "birds", "bb"), "/y/birds") << "another dataset of the same name";
  EXPECT_EQ(find_place(ledger_, "cars", "cc"), "/x/cars.csv");
  EXPECT_FALSE(find_place(ledger_, "birds", "cc"));
  EXPECT_FALSE(find_place(ledger_, "trees", "aa"));
  keep({{"birds", "aa", "/z/birds"}});
  EXPECT_EQ(find_place(ledger_, "birds", "aa"), "/z/birds") << "the last one";
  EXPECT_EQ(log_.str(), "");
}

TEST_F(DatasetPlaces, LeaveNothingWhereThereIsNone) {
  keep({});
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
  keep({{"birds", "aa", "/x/b\xffrds"}});
  EXPECT_FALSE(find_place(ledger_, "birds", "aa")) << "JSON cannot hold it";
}

TEST_F(DatasetPlaces, AKilledProcessLeavesNoHalfFileForLong) {
  for (const bool wrote_all : {false, true}) {
    write_file(wrote_all ? scratch_ / "datasets.json.lock" : temporary_name(places_path(ledger_)), "{");
    keep({{"birds", "aa", "/x/birds"}});
    EXPECT_EQ(scratch_.names(), std::vector<std::string>{"datasets.json"});
  }
}

TEST_F(DatasetPlaces, ADamagedFileIsNamedAndFilledAgain) {
  write_file(places_path(ledger_), "{");
  EXPECT_ERROR(find_place(ledger_, "birds", "aa"), "datasets.json");
  keep({{"birds", "aa", "/x/birds"}});
  EXPECT_EQ(find_place(ledger_, "birds", "aa"), "/x/birds");
}

}  // namespace
}  // namespace promptbed
