#include "report/frozen/frozen_commands.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// Of the reports, a few of each kind: the others are compared by FrozenReports, without starting `runner`.
bool needs_runner(const std::string& output) {
  static const std::vector<std::string> some = {
      "base-new.txt",       "base-new.md",           "base-new.csv",         "base-new.json",
      "base-new.tex",       "base-new-where.txt",    "cross-dataset-sd.txt", "base-new-paper.csv",
      "page-few-shot.html", "error-versus-runs.txt", "error-no-equals.txt",  "runs-where.csv"};
  return output.starts_with("runs-list") || output.starts_with("runs-show") ||
         output.starts_with("runs-diff") || std::ranges::count(some, output) > 0;
}

TEST(FrozenCommands, PrintByteForByteWhatTheyPrinted) {
  const test::ScratchFolder scratch;
  test::put_ledger(scratch.path());
  for (const auto& [output, arguments] : test::frozen_commands()) {
    if (!needs_runner(output)) continue;
    const test::Finished result = test::run_runner(scratch.path(), {"COLUMNS=100"}, arguments);
    const bool fails = output.starts_with("error-");
    EXPECT_EQ(result.code, fails ? 2 : 0) << output;
    EXPECT_EQ(test::count_errors(result.err), fails ? 1 : 0) << result.err;
    EXPECT_EQ(test::without_passing_things(fails ? result.err : result.out),
              read_file(test::kFrozen / "outputs" / output))
        << output;
  }
}

}  // namespace
}  // namespace promptbed
