#include "base/installation.h"
#include "cli/describe/options_of.h"

namespace promptbed {
namespace {

/// Text that troff takes literally.
std::string roff_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool begins_line = out.empty() || out.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

/// Paragraphs; lines that are indented, as examples are, stay as they are.
std::string paragraphs(const std::string& text) {
  std::string out;
  bool is_example = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_indented = line.starts_with("  ");
    if (is_indented != is_example) out += is_indented ? ".RS\n.nf\n" : ".fi\n.RE\n";
    is_example = is_indented;
    out += line.empty() ? ".PP\n" : roff_escaped(is_indented ? line.substr(2) : line) + "\n";
  }
  return out + (is_example ? ".fi\n.RE\n" : "");
}

std::string option_of(const CommandOption& option) {
  std::string out = fmt::format(".TP\n\\fB\\-\\-{}\\fR", roff_escaped(option.name));
  if (option.bare) {
    out += fmt::format("[=\\fI{}\\fR]", roff_escaped(option.value));
  } else if (!option.value.empty()) {
    out += fmt::format(" \\fI{}\\fR", roff_escaped(option.value));
  }
  out += fmt::format("\n{}", roff_escaped(option.help));
  if (option.otherwise) out += fmt::format(" (default: {})", roff_escaped(*option.otherwise));
  if (!option.environment.empty()) out += fmt::format(" [\\fB${}\\fR]", option.environment);
  return out + "\n";
}

std::string section_of(const Subcommand& subcommand) {
  std::string out = fmt::format(".SS \"{}\"\n", roff_escaped(joined_path(subcommand)));
  out += fmt::format(".B {}\n.PP\n{}", roff_escaped(subcommand.usage), paragraphs(subcommand.explanation));
  for (const CommandOption* option : options_of(subcommand)) out += option_of(*option);
  return out;
}

constexpr const char* kManPageEnd = R"(.SH "EXIT STATUS"
.TP
0
All is done.
.TP
1
The work began, and part of it failed.
.TP
2
Wrong input: nothing was done.
.TP
75
Interrupted by SIGUSR1, which schedulers send before a job's time is up. Finished work is kept; run the same command again.
.TP
130
Interrupted. Finished work is kept.
.SH FILES
.TP
.I runs/promptbed.db
The ledger of runs and scores, an SQLite database; beside it prompts/ and logs/.
.TP
.I runs/cache
Image features.
)";

}  // namespace

std::string man_page(const std::vector<Subcommand>& subcommands) {
  std::string page = fmt::format(
      ".TH RUNNER 1 \"\" \"promptbed {}\"\n.SH NAME\nrunner \\- a test bed for CLIP prompt learning\n.SH "
      "SYNOPSIS\n"
      ".B runner\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\nTrains and compares methods of prompt "
      "learning over "
      "datasets, shots and seeds, and reports the results.\nEvery option may come from an INI file, which "
      "\\fB\\-\\-config\\fR \\fIFILE\\fR names; those with a variable in brackets also from the "
      "environment.\n"
      "\\fB\\-\\-help\\fR prints what is said here of one command.\n.SH COMMANDS\n",
      release_version());
  for (const Subcommand& subcommand : subcommands) page += section_of(subcommand);
  return page + kManPageEnd;
}

}  // namespace promptbed
