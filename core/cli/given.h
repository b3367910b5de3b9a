#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

/// How the values of options come in, before it is settled which of them count.
namespace promptbed {

/// The values that one place gives.
struct Given {
  Place place;
  std::map<std::string, std::vector<std::string>> texts = {};  ///< by option
};

/// What an INI file gives a subcommand, the winning place first: the section of its command, and what stands
/// above all sections. What only other subcommands take is passed over. Throws Error for an option that none
/// has, a section that is no command and a line that is neither.
std::vector<Given> read_config(const std::string& path, const Subcommand& subcommand);

/// The option of that name; null if the subcommand has none.
const CommandOption* find_option(const Subcommand& subcommand, std::string_view name);

/// Says that there is no such option, and which was meant or has replaced it.
Error unknown_option(const Subcommand& subcommand, const std::string& name);

/// "sweep" of "runner sweep --methods M,... [OPTIONS]": the command that a subcommand is or belongs to.
std::string command_of(const Subcommand& subcommand);

/// "" is a flag that is named without a value.
std::optional<bool> flag_from(std::string_view text);

/// The whole text as a number.
template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace promptbed
