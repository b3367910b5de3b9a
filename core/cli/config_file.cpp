#include <algorithm>

#include "base/input_file.h"
#include "base/suggestion.h"
#include "cli/describe/describe.h"
#include "cli/given.h"
#include "formats/ini.h"

namespace promptbed {
namespace {

bool is_option_of_any(const std::string& name) {
  return std::ranges::count(option_names(), name) > 0;
}

void check_section(const std::string& section) {
  if (section.empty() || std::ranges::count(kCommandNames, section) > 0) return;
  throw Error(fmt::format("[{}]: is no command; {}", section,
                          remedy_for(section, {std::begin(kCommandNames), std::end(kCommandNames)})));
}

/// "" for a flag without a value, which needs none.
std::string value_of(const IniEntry& entry, const CommandOption& option) {
  if (!entry.value && option.kind != ValueKind::flag && !option.bare)
    throw Error(fmt::format("--{0}: has no value; write {0} = VALUE", entry.key));
  if (entry.value && entry.value->empty())
    throw Error(fmt::format("--{}: has an empty value; give one, or leave the option out", entry.key));
  return entry.value.value_or("");
}

/// Files that serve several subcommands have options which one of them lacks, but all are options.
void take(const IniEntry& entry, const Subcommand& subcommand, Given& section, Given& top) {
  check_section(entry.section);
  const CommandOption* option = find_option(subcommand, entry.key);
  const bool is_meant = entry.section.empty() || entry.section == command_of(subcommand);
  // A section is of a command, whose subcommands may take what this one does not.
  const bool is_of_this_alone = entry.section == command_of(subcommand) && path_of(subcommand).size() == 1;
  if (option == nullptr && (is_of_this_alone || !is_option_of_any(entry.key)))
    throw unknown_option(subcommand, entry.key);
  if (option == nullptr || !is_meant) return;
  (entry.section.empty() ? top : section).texts[entry.key].push_back(value_of(entry, *option));
}

}  // namespace

std::vector<Given> read_config(const std::string& path, const Subcommand& subcommand) {
  Given section{{Origin::file, fmt::format("{} [{}]", path, command_of(subcommand))}};
  Given top{{Origin::file, path}};
  try {
    for (const IniEntry& entry : parse_ini(read_given_text(path))) {
      try {
        take(entry, subcommand, section, top);
      } catch (const Error& fault) {
        throw Error(fmt::format("line {}: {}", entry.line, fault.what()));
      }
    }
  } catch (const Error& fault) {
    throw Error(fmt::format("--config {}: {}", path, fault.what()));
  }
  return {section, top};
}

}  // namespace promptbed
