#include <gtest/gtest.h>

#include "report/made_runs.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Words = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Pages of a ledger with base-new and few-shot runs at 4 and 8 shots.
class PageContents : public ::testing::Test {
 protected:
  PageContents() {
    for (const int64_t shots : {4, 8}) {
      RunSpec spec = test::sample_spec("brands");
      spec.shots = shots;
      test::record(ledger_, spec, 60, 50, {shots, shots});
      test::record_all(ledger_, "few-shot", test::all_classes_spec("brands", 1, shots), 55);
    }
  }

  /// What `runner report` does with these words.
  test::Finished report(const Words& choices) {
    Words words = {"report", "--format", "html", "--db", "ledger.db"};
    words.insert(words.end(), choices.begin(), choices.end());
    return test::run_runner(scratch_.path(), {}, words);
  }

  /// The page with these choices.
  std::string page(const Words& choices) {
    const test::Finished result = report(choices);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }

  /// Leaves an error with a run that is done: a test that could not be made.
  void fail_a_test_of_a_finished_run() {
    const RunSpec spec = test::all_classes_spec("brands", 1, 4);
    ledger_.claim(spec, Redo::yes);
    ledger_.fail(spec.id(), "office: out of paper");
    ASSERT_EQ(test::status_of(ledger_, spec.id()), RunStatus::done);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(PageContents, ATableThatCannotBeMadeIsLeftOutAndSaysWhy) {
  const std::string html = page({"--shots", "4,8"});
  EXPECT_FALSE(contains(html, "<section id=\"base-new\""));
  EXPECT_TRUE(contains(html,
                       "<li>Base to new is left out: --shots 4,8: this table is of one number of shots; "
                       "choose one</li>"));
  EXPECT_TRUE(contains(html, "<section id=\"few-shot\""));
  EXPECT_TRUE(contains(html, "<section id=\"runs\""));
  EXPECT_FALSE(contains(html, "Cross-dataset")) << "of which there is no run";
}

TEST_F(PageContents, NothingIsLeftOutWhereAllCanBeMadeAndNothingFailed) {
  const std::string html = page({"--shots", "4"});
  EXPECT_TRUE(contains(html, "<section id=\"base-new\""));
  EXPECT_FALSE(contains(html, "is left out"));
  EXPECT_TRUE(contains(html, "none failed"));
  EXPECT_FALSE(contains(html, "<section id=\"failures\""));
}

TEST_F(PageContents, AChoiceThatNoTableCanFollowIsAnError) {
  const test::Finished result = report({"--shots", "4", "--versus", "nonesuch"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.err, "nonesuch")) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST_F(PageContents, ATableThatIsNamedIsMadeOrIsAnError) {
  const test::Finished result = report({"--table", "base-new", "--shots", "4,8"});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(contains(result.err, "--shots 4,8: this table is of one number of shots")) << result.err;
}

TEST_F(PageContents, FailuresAreThoseOfFinishedRunsToo) {
  fail_a_test_of_a_finished_run();
  const std::string html = page({"--shots", "4"});
  EXPECT_TRUE(contains(html, "1 with a failure"));
  EXPECT_FALSE(contains(html, "none failed"));
  EXPECT_TRUE(contains(html, "<section id=\"failures\""));
  EXPECT_TRUE(contains(html, "office: out of paper"));
}

TEST_F(PageContents, DatasetsOfATransferTableAreItsTargets) {
  test::record_all(ledger_, "cross-dataset", test::all_classes_spec("office", 1, 4),
                   {{"office", 70}, {"brands", 30}});
  EXPECT_TRUE(contains(page({"--datasets", "brands", "--shots", "4"}), "<section id=\"cross-dataset\""));
}

}  // namespace
}  // namespace promptbed
