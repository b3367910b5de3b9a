#include "cli/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "base/files.h"
#include "cli/option_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// A variable of the environment while a test needs it.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

class CommandOptions : public ::testing::Test {
 protected:
  Values parsed(Arguments arguments) const {
    return parse(arguments,
                 {.usage = "runner train [OPTIONS]",
                  .explanation = "Tries options.",
                  .options = {{"options",
                               {shared("db"),
                                shared("epochs"),
                                shared("lr"),
                                shared("seeds"),
                                shared("set"),
                                shared("draws"),
                                shared("force"),
                                shared("threads"),
                                {.name = "show", .value = "WHAT", .help = "shows", .bare = "little"}}}},
                  .retired = {{"rate", "--lr X"}}})
        .value();
  }

  /// The same with an INI file of these contents.
  Values parsed(const std::string& config, Arguments arguments) const {
    write_file(config_, config);
    arguments.insert(arguments.end(), {"--config", config_.string()});
    return parsed(std::move(arguments));
  }

  test::ScratchFolder scratch_;
  std::filesystem::path config_ = scratch_ / "sweep.ini";
};

TEST_F(CommandOptions, TheCommandLineBeatsTheEnvironmentItTheFileAndThatTheDefault) {
  EXPECT_EQ(parsed({}).text("db"), "runs/promptbed.db");
  EXPECT_FALSE(parsed({}).given("db"));
  EXPECT_EQ(parsed("db = file.db\n", {}).text("db"), "file.db");
  const Variable db("PROMPTBED_DB", "environment.db");
  EXPECT_EQ(parsed("db = file.db\n", {}).text("db"), "environment.db");
  EXPECT_TRUE(parsed({}).given("db"));
  EXPECT_EQ(parsed("db = file.db\n", {"--db", "typed.db"}).text("db"), "typed.db");
}

TEST_F(CommandOptions, AWrongVariableIsNamed) {
  const Variable db("PROMPTBED_THREADS", "many");
  EXPECT_ERROR(parsed({}), "PROMPTBED_THREADS: --threads many: is not a whole number");
}

TEST_F(CommandOptions, AnEmptyVariableIsNone) {
  const Variable db("PROMPTBED_DB", "");
  EXPECT_EQ(parsed({}).text("db"), "runs/promptbed.db");
}

TEST_F(CommandOptions, AVariableThatDecidesWhatIsDeletedIsNotRead) {
  EXPECT_EQ(shared("model").environment, "PROMPTBED_MODEL");
  EXPECT_EQ(typed(shared("model")).environment, "");
}

TEST_F(CommandOptions, OfOneKeyTheTypedAssignmentCountsAndOthersAreGathered) {
  const Values values = parsed("set = coop.n_ctx=4\nset = coop.position=front\n",
                               {"--set", "coop.n_ctx=2", "--set", "dept.rate=1"});
  EXPECT_EQ(values.texts("set"),
            (std::vector<std::string>{"coop.n_ctx=2", "dept.rate=1", "coop.position=front"}));
}

TEST_F(CommandOptions, FilesOfDrawsAreGatheredWhateverTheirNames) {
  EXPECT_EQ(parsed("draws = shots=4/a.json\n", {"--draws", "shots=4/b.json"}).texts("draws"),
            (std::vector<std::string>{"shots=4/b.json", "shots=4/a.json"}));
}

TEST_F(CommandOptions, TwoValuesInOnePlaceAreAnError) {
  EXPECT_ERROR(parsed({"--db", "a", "--db", "b"}), "--db: is given 2 times; give it once");
  EXPECT_ERROR(parsed({"--config", "a", "--config", "b"}), "--config: is given 2 times; give it once");
  EXPECT_ERROR(parsed({"--set", "coop.n_ctx=2", "--set", "coop.n_ctx=4"}),
               "--set coop.n_ctx: is given twice; give it once");
  EXPECT_ERROR(parsed("epochs = 1\nepochs = 2\n", {}), "sweep.ini: --epochs: is given 2 times");
}

TEST_F(CommandOptions, AWrongValueIsReportedWithThePlaceThatHasIt) {
  EXPECT_ERROR(parsed({"--epochs", "many"}), "--epochs many: is not a whole number");
  EXPECT_ERROR(parsed("epochs = many\n", {}), config_.string() + ": --epochs many: is not a whole number");
  EXPECT_ERROR(parsed("seeds = 1,two\n", {}).numbers("seeds"),
               config_.string() + ": --seeds 1,two: two is not a whole number");
  EXPECT_ERROR(parsed("epochs = 0\n", {}).positive("epochs", 1, 9), "sweep.ini: --epochs 0: give 1 to 9");
  EXPECT_ERROR(parsed("lr = inf\n", {}), "sweep.ini: --lr inf: is not a finite number");
  EXPECT_ERROR(parsed("force = perhaps\n", {}), "sweep.ini: --force perhaps: is neither true nor false");
  EXPECT_ERROR(parsed({"--db", ""}), "--db: has an empty value");
  EXPECT_ERROR(parsed("epochs\n", {}), "sweep.ini: line 1: --epochs: has no value; write epochs = VALUE");
  EXPECT_ERROR(parsed("db =\n", {}), "sweep.ini: line 1: --db: has an empty value");
  EXPECT_ERROR(parsed("db = a\nsome words\n", {}), "sweep.ini: line 2: 'some words' is not OPTION = VALUE");
}

TEST_F(CommandOptions, NumbersMayBeRanges) {
  const auto seeds = [&](const std::string& text) { return parsed({"--seeds", text}).numbers("seeds"); };
  EXPECT_EQ(seeds("1-3"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(seeds("7,1-2,4-4"), (std::vector<int64_t>{7, 1, 2, 4}));
  EXPECT_EQ(seeds("-2--1"), (std::vector<int64_t>{-2, -1}));
  EXPECT_ERROR(seeds("3-1"), "--seeds 3-1: 3-1 goes down; give 1-3");
  EXPECT_ERROR(seeds("1-9999999999"), "1-9999999999 has more than 1000 numbers; give fewer");
  const std::string least = "-9223372036854775808", most = "9223372036854775807";
  EXPECT_EQ(seeds(most), std::vector<int64_t>{std::numeric_limits<int64_t>::max()});
  EXPECT_EQ(seeds(least + '-' + least), std::vector<int64_t>{std::numeric_limits<int64_t>::min()});
  EXPECT_ERROR(seeds(least + '-' + most), "has more than 1000 numbers; give fewer");
  EXPECT_EQ(seeds("1 , 2-3"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_ERROR(seeds("1-3,2"), "--seeds 1-3,2: names 2 twice; leave one out");
  EXPECT_ERROR(seeds("1-"), "1- is not a whole number; give some, such as 1,2,3 or 1-3");
}

TEST_F(CommandOptions, OneFileServesAllSubcommands) {
  const Values values = parsed(
      "db = all.db ; of all\nversus = coop\n[train]\nepochs = 3\n[report]\nversus = coop\ndb = other.db\n",
      {});
  EXPECT_EQ(values.text("db"), "all.db");
  EXPECT_EQ(values.number("epochs"), 3);
}

TEST_F(CommandOptions, ItsOwnSectionBeatsWhatStandsAboveAllSections) {
  const std::string config = "db = all.db\nset = coop.n_ctx=4\n[train]\ndb = own.db\nset = coop.csc=true\n";
  EXPECT_EQ(parsed(config, {}).text("db"), "own.db");
  EXPECT_EQ(parsed(config, {}).texts("set"), (std::vector<std::string>{"coop.csc=true", "coop.n_ctx=4"}));
  EXPECT_EQ(parsed(config, {"--db", "typed.db"}).text("db"), "typed.db");
  EXPECT_ERROR(parsed("[train]\nepochs = many\n", {}), "sweep.ini [train]: --epochs many: is not a whole");
}

TEST_F(CommandOptions, MisspeltWordsOfAFileAreNotPassedOver) {
  EXPECT_ERROR(parsed("\nepoch = 3\n", {}),
               "sweep.ini: line 2: unknown option --epoch; did you mean --epochs?");
  EXPECT_ERROR(parsed("[train]\nversus = coop\n", {}), "sweep.ini: line 2: unknown option --versus");
  EXPECT_ERROR(parsed("[report]\nversis = coop\n", {}), "sweep.ini: line 2: unknown option --versis");
  EXPECT_ERROR(parsed("[trian]\nepochs = 3\n", {}),
               "sweep.ini: line 2: [trian]: is no command; did you mean train?");
}

TEST_F(CommandOptions, AFileHasOptionsOnly) {
  EXPECT_ERROR(parsed("colour = red\n", {}), "sweep.ini: line 1: unknown option --colour; known: --db");
  EXPECT_ERROR(parsed("config = other.ini\n", {}), "unknown option --config");
  EXPECT_ERROR(parsed("help = true\n", {}), "unknown option --help");
  EXPECT_ERROR(parsed("rate = 1\n", {}), "--rate: is now --lr X");
}

TEST_F(CommandOptions, AFlagIsTypedOrWrittenOut) {
  EXPECT_FALSE(parsed({}).flag("force"));
  EXPECT_TRUE(parsed({"--force", "--force"}).flag("force"));
  EXPECT_TRUE(parsed("force = yes\n", {}).flag("force"));
  EXPECT_TRUE(parsed("force\n", {}).flag("force"));
  EXPECT_FALSE(parsed("force = false\n", {}).flag("force"));
}

TEST_F(CommandOptions, AnOptionMayHaveAMeaningWithoutAValue) {
  EXPECT_FALSE(parsed({}).given("show"));
  EXPECT_EQ(parsed({"--show"}).text("show"), "little");
  EXPECT_EQ(parsed({"--show", "--force"}).text("show"), "little");
  EXPECT_EQ(parsed({"--show=much"}).text("show"), "much");
  EXPECT_EQ(parsed("show\n", {}).text("show"), "little");
  EXPECT_EQ(parsed("show = yes\n", {}).text("show"), "little");
  EXPECT_EQ(parsed("show = much\n", {}).text("show"), "much");
  EXPECT_EQ(parsed("show = off\n", {}).text("show"), "no");
}

TEST_F(CommandOptions, ANumberMayBeNegativeAndNoOptionIsAbbreviated) {
  EXPECT_EQ(parsed({"--epochs", "-3"}).number("epochs"), -3);
  EXPECT_ERROR(parsed({"--epoch", "3"}), "unknown option --epoch; did you mean --epochs?");
}

TEST_F(CommandOptions, AWordTooManyIsNamed) {
  EXPECT_ERROR(parsed({"--seeds", "1,", "2"}),
               "runner train '2': belongs to no option; leave it out, or join");
}

TEST_F(CommandOptions, EveryValueKnowsWhereItWasGiven) {
  const Variable threads("PROMPTBED_THREADS", "2");
  const Values values =
      parsed("seeds = 1,2\nset = coop.n_ctx=4\n[train]\nforce\n", {"--lr", "0.1", "--set", "dept.rate=1"});
  std::vector<std::string> rows;
  for (const auto& row : option_table(values, {{"epochs", "50"}, {"lr", "never shown"}}).rows)
    rows.push_back(fmt::format("{} {}: {}", row[0].text, row[1].text, row[2].text));
  EXPECT_EQ(rows, (std::vector<std::string>{
                      "--db runs/promptbed.db: default", "--epochs 50: default", "--lr 0.1: command line",
                      "--seeds 1,2: " + config_.string(), "--set dept.rate=1: command line",
                      "--set coop.n_ctx=4: " + config_.string(),
                      "--force true: " + config_.string() + " [train]", "--threads 2: PROMPTBED_THREADS"}));
}

TEST_F(CommandOptions, AFileSavedWithAByteOrderMarkIsRead) {
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "db = file.db\r\n",
                   {})
                .text("db"),
            "file.db");
}

}  // namespace
}  // namespace promptbed
