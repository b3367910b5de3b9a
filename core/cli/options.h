#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>
#include <promptbed/protocol.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/suggestion.h"
#include "cli/command.h"

/// What a subcommand is to its user: usage, help and options, declared as data.
///
///     const std::optional<Values> values = parse(arguments, {
///         .usage = "runner prompts words PROMPT [OPTIONS]",
///         .explanation = "Reads a learned context: ...",
///         .options = {{"options", {shared("top", "words for each vector"), shared("format")}}},
///         .takes_arguments = true});
///     if (!values) return kAllDone;  // --help was asked for and printed
///     const int64_t top = values->positive("top");
namespace promptbed {

enum class ValueKind { text, number, real, flag };

/// How often an option may be given: once, or once for each text, or for each KEY of its texts KEY=VALUE.
enum class Repeat { never, by_text, by_key };

/// One option of a subcommand.
struct CommandOption {
  std::string name;   ///< "datasets"
  std::string value;  ///< what the help calls its value: "D,..."; "" for a flag
  std::string help;
  ValueKind kind = ValueKind::text;
  std::optional<std::string> otherwise = {};  ///< the default, as it would be typed
  Repeat repeat = Repeat::never;
  bool required = false;
  std::string environment = {};          ///< the variable that may hold it; "": none
  std::optional<std::string> bare = {};  ///< what it means without a value; nothing: it needs one
};

/// An option that several subcommands take, from the one table in shared_options.cpp: a name has one meaning
/// in all of them. `remark` is what this subcommand adds to the help, such as "; default: all". Throws
/// std::logic_error for a name that is not in the table.
CommandOption shared(std::string_view name, const std::string& remark = "");

/// The same with a default, or as an option that must be given.
CommandOption shared_or(std::string_view name, const std::string& otherwise, const std::string& remark = "");
CommandOption required(CommandOption option);

/// The same, taken from no environment variable: where it decides what is deleted.
CommandOption typed(CommandOption option);

/// The names of all options that subcommands have, each once.
const std::vector<std::string>& option_names();

/// What --format selects in most subcommands.
enum class OutputFormat { text, csv, json };
inline const std::vector<std::pair<std::string, OutputFormat>> kTextCsvJson = {
    {"text", OutputFormat::text}, {"csv", OutputFormat::csv}, {"json", OutputFormat::json}};
inline const std::vector<std::pair<std::string, OutputFormat>> kTextJson = {{"text", OutputFormat::text},
                                                                            {"json", OutputFormat::json}};

/// Options under a heading of the help.
struct OptionGroup {
  std::string heading;
  std::vector<CommandOption> options;
};

/// --format of subcommands that print no table.
CommandOption text_or_json();

/// Which CLIP, and where it runs: model, activation, precision, device.
OptionGroup model_options();

/// Which datasets, and where their images are: suite, data, cache, templates, class-names.
OptionGroup data_options();

/// A subcommand as its help shows it.
struct Subcommand {
  std::string usage;        ///< "runner sweep --methods M,... [OPTIONS]"
  std::string explanation;  ///< a paragraph, and examples
  std::vector<OptionGroup> options;
  bool takes_arguments = false;  ///< words that belong to no option
  /// Options of earlier versions, and what to type instead: {"classes", "--class-set base|new|all"}.
  std::map<std::string, std::string> retired = {};
};

/// Adds a subcommand to what described_by() gathers, for a command that does not parse for it; otherwise does
/// nothing.
void describe(const Subcommand& subcommand);

/// A command of several subcommands, such as `runner runs`.
struct Subcommands {
  std::string name;         ///< "runs"
  std::string usage;        ///< "runner runs list|show|diff|release|delete [OPTIONS]"
  std::string explanation;  ///< a line for each
};

/// Runs the subcommand that the first of the arguments names with the others, or prints the help if --help
/// was given. Throws Error, listing the known ones, if it names none.
int run_subcommand(const Subcommands& command, const Arguments& arguments,
                   const std::vector<std::pair<std::string, int (*)(const Arguments&)>>& known);

/// Where a value comes from; the later ones win.
enum class Origin { otherwise, file, environment, command_line };

/// The same, by its name.
struct Place {
  Origin origin = Origin::otherwise;
  std::string name = "default";  ///< "command line", "PROMPTBED_DB" or "sweep.ini"

  /// What begins an error about a value from there: "sweep.ini: "; "" for what was typed.
  std::string prefix() const { return origin == Origin::command_line ? "" : name + ": "; }
};

/// What the user chose.
class Values {
 public:
  /// Whether the user gave the option: on the command line, in the environment or in --config.
  bool given(std::string_view name) const;

  /// The value or the default; "" if there is neither.
  std::string text(std::string_view name) const;

  /// Every value of a repeatable option.
  std::vector<std::string> texts(std::string_view name) const;

  /// "coop,cocoop" -> {"coop", "cocoop"}; empty if not given. Throws Error for an empty or repeated item.
  std::vector<std::string> items(std::string_view name) const;

  /// The same for whole numbers.
  std::vector<int64_t> numbers(std::string_view name) const;

  std::optional<int64_t> number(std::string_view name) const;
  std::optional<double> real(std::string_view name) const;
  bool flag(std::string_view name) const;

  /// A number from 1 to `most`; `otherwise` if the option is not given. Throws Error.
  int64_t positive(std::string_view name, int64_t otherwise, int64_t most) const;

  /// What one of the known values stands for. Throws Error for another, listing them.
  template <class Value>
  Value one_of(std::string_view name, const std::vector<std::pair<std::string, Value>>& known) const {
    std::vector<std::string> names;
    for (const auto& [text, value] : known) {
      if (text == this->text(name)) return value;
      names.push_back(text);
    }
    throw fault(name, remedy_for(text(name), names));
  }

  /// The words that belong to no option.
  const Arguments& arguments() const { return arguments_; }

  /// The only one. Throws Error, saying what the subcommand needs ("a trained prompt"), if there is none or
  /// more than one.
  const std::string& only_argument(const std::string& subcommand, const std::string& what) const;

  /// What is wrong with an option's value, as an Error that names the value and where it was given:
  /// "--jobs 0: give 1 to 256", "sweep.ini: --jobs 0: give 1 to 256".
  Error fault(std::string_view name, std::string_view what) const;

  /// A value of an option, as it would be typed, and where it was given.
  struct Entry {
    std::string text;
    Place place;
  };

  /// Every option of the subcommand with its values, in the order of the help.
  const std::vector<std::pair<std::string, std::vector<Entry>>>& entries() const { return entries_; }

 private:
  friend std::optional<Values> parse(const Arguments& arguments, const Subcommand& subcommand);

  const std::vector<Entry>& entries_of(std::string_view name) const;

  std::vector<std::pair<std::string, std::vector<Entry>>> entries_;
  Arguments arguments_;
};

/// Reads an option where it is given first: on the command line, in its environment variable, in the INI file
/// that --config names; or takes its default. Options that may be repeated are gathered from all of these,
/// and of one KEY=VALUE the first counts in the same order. Prints the help and returns nothing if --help was
/// given. Throws Error for an unknown option (naming the one that was meant, or that replaced it), one that
/// is given twice in one place, a missing value, a value of the wrong type, and a word that belongs to no
/// option where the subcommand takes none.
std::optional<Values> parse(const Arguments& arguments, const Subcommand& subcommand);

/// The protocol that --protocol names. Throws Error for another, listing the known ones.
Protocol protocol_of(const Values& values);

/// Cores of this machine: the default of --threads in most subcommands.
int64_t count_cores();

/// The most that --threads takes.
inline constexpr int64_t kMostThreads = 1024;

/// The ledger that --db names; where that is a link, what it stands for, beside which prompts and logs lie.
std::filesystem::path ledger_path(const Values& values);

/// The file that an option names for what is to be written; "" if it is not given. Throws Error for one that
/// is a ledger or another database now.
std::string output_file(const Values& values, std::string_view name = "output");

}  // namespace promptbed
