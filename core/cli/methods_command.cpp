#include <fmt/format.h>

#include <iostream>

#include "cli/arguments.h"
#include "cli/command.h"
#include "methods/method_registry.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner methods [OPTIONS]",
    "Lists the methods that the plugins offer. Options are set with --set METHOD.OPTION=VALUE."};

const char* word_for(OptionType type) {
  switch (type) {
    case OptionType::integer:
      return "integer";
    case OptionType::real:
      return "real";
    case OptionType::boolean:
      return "boolean";
    case OptionType::text:
      return "text";
  }
  return "";
}

void print_method(const Method& method) {
  fmt::print("{} (version {}, plugin {})\n  {}\n", method.name(), method.spec->version, method.plugin,
             method.spec->summary);
  for (const OptionSpec& option : std::span(method.spec->options, method.spec->option_count)) {
    fmt::print("    {:<12} {:<8} default {:<8} {}\n", option.name, word_for(option.type),
               *option.default_value == '\0' ? "\"\"" : option.default_value, option.help);
  }
}

}  // namespace

int methods_command(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  described.add_options()("plugins", options::value<std::string>()->value_name("FOLDER"),
                          "one more folder of plugins");
  const auto values = parse_arguments(arguments, described, kUsage);
  if (!values) return kAllDone;
  std::vector<std::filesystem::path> given;
  if (values->count("plugins") > 0) given.emplace_back((*values)["plugins"].as<std::string>());

  const MethodRegistry registry(plugin_folders(given));
  for (const Method& method : registry.methods()) print_method(method);
  for (const std::string& complaint : registry.complaints()) std::cerr << "warning: " << complaint << '\n';
  if (registry.methods().empty()) std::cerr << "no plugin was found; give their folder with --plugins\n";
  return kAllDone;
}

}  // namespace promptbed
