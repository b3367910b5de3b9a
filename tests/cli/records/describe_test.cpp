#include "cli/describe/describe.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/processes.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// `runner look FILE... [OPTIONS]` and `runner runs list`.
std::vector<Subcommand> two_subcommands() {
  return {{.usage = "runner look FILE... [OPTIONS]",
           .explanation = "Looks at files. It's quick: [half] a second.\n\n  runner look a.jpg --top 3",
           .options = {{"options",
                        {{"db", "FILE", "ledger of runs", ValueKind::text, "runs/promptbed.db"},
                         {"top", "N", "how many: [all] or 'some'", ValueKind::number},
                         {"force", "", "look again", ValueKind::flag}}}},
           .takes_arguments = true},
          {.usage = "runner runs list|show [OPTIONS]", .explanation = "The runs.", .options = {}},
          {.usage = "runner runs list [OPTIONS]",
           .explanation = "One row per run.",
           .options = {{"options", {}}}}};
}

/// What bash would offer behind these words, the last of which is being typed.
std::string offered(const std::vector<std::string>& words) {
  const test::ScratchFolder scratch;
  write_file(scratch / "picture.jpg", "");
  std::string script =
      "cd '" + scratch.path().string() + "'\n" + bash_completion(two_subcommands()) + "COMP_WORDS=(";
  for (const std::string& word : words) script += "'" + word + "' ";
  script += fmt::format(")\nCOMP_CWORD={}\n_runner\necho -n \"${{COMPREPLY[*]}}\"\n", words.size() - 1);
  const ProgramEnd end = run_program({"bash", "--norc"}, script);
  EXPECT_EQ(end.errors, "");
  return end.output;
}

TEST(BashCompletion, OffersCommandsThenSubcommandsThenOptions) {
  EXPECT_EQ(offered({"runner", ""}), "look runs --help");
  EXPECT_EQ(offered({"runner", "l"}), "look");
  EXPECT_EQ(offered({"runner", "runs", ""}), "list --help");
  EXPECT_EQ(offered({"runner", "runs", "list", "--"}), "--config --help");
  EXPECT_EQ(offered({"runner", "look", "--f"}), "--force");
  EXPECT_EQ(offered({"runner", "look", "--force", "a.jpg", "--t"}), "--top");
}

TEST(BashCompletion, OffersFilesWhereTheyAreTaken) {
  EXPECT_EQ(offered({"runner", "look", "--db", "pic"}), "picture.jpg");
  EXPECT_EQ(offered({"runner", "look", "pic"}), "picture.jpg") << "an argument";
  EXPECT_EQ(offered({"runner", "look", "--top", ""}), "") << "a number";
  EXPECT_EQ(offered({"runner", "runs", "list", "pic"}), "") << "which takes none";
}

TEST(ZshCompletion, DescribesOptionsAndEscapesThem) {
  const std::string script = zsh_completion(two_subcommands());
  EXPECT_TRUE(script.starts_with("#compdef runner\n"));
  EXPECT_NE(script.find("'--db=[ledger of runs]:FILE:_files'"), std::string::npos) << script;
  EXPECT_NE(script.find("'--top=[how many\\: \\[all\\] or '\\''some'\\'']:N: '"), std::string::npos)
      << script;
  EXPECT_NE(script.find("'--force[look again]'"), std::string::npos) << script;
  if (has_program("zsh")) {
    EXPECT_EQ(run_program({"zsh", "-n"}, script).errors, "");
  }
}

TEST(FishCompletion, DescribesWordsWhereTheyBelong) {
  const std::string script = fish_completion(two_subcommands());
  EXPECT_NE(script.find("complete -c runner -n '__runner_at \"\"' -a look -d 'Looks at files'\n"),
            std::string::npos)
      << script;
  EXPECT_NE(script.find("complete -c runner -n '__runner_at \"look\"' -l db -rF -d 'ledger of runs'\n"),
            std::string::npos);
  EXPECT_NE(script.find("complete -c runner -n '__runner_at \"runs\"' -a list -d 'One row per run'\n"),
            std::string::npos);
  if (has_program("fish")) {
    EXPECT_EQ(run_program({"fish", "--no-execute"}, script).errors, "");
  }
}

TEST(ManPage, HasEverySubcommandAndOption) {
  const std::string page = man_page(two_subcommands());
  for (const char* part :
       {".TH RUNNER 1", ".SS \"look\"", ".SS \"runs list\"", "\\fB\\-\\-db\\fR \\fIFILE\\fR",
        "(default: runs/promptbed.db)", ".nf\nrunner look a.jpg \\-\\-top 3\n.fi"})
    EXPECT_NE(page.find(part), std::string::npos) << part << "\n" << page;
  if (!has_program("groff")) GTEST_SKIP() << "groff is not installed";
  const ProgramEnd end = run_program({"groff", "-man", "-ww", "-Tutf8", "-z"}, page);
  EXPECT_EQ(end.errors, "") << "what troff complains of";
}

TEST(Describing, TakesWhatCommandsParseAndReadsNothing) {
  const auto described = described_by(
      [] { EXPECT_FALSE(parse({"--unknown"}, {.usage = "runner look", .explanation = "", .options = {}})); });
  ASSERT_EQ(described.size(), 1u);
  EXPECT_EQ(path_of(described[0]), std::vector<std::string>{"look"});
}

}  // namespace
}  // namespace promptbed
