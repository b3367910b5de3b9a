#include "methods/descriptor_check.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace promptbed {
namespace {

// More than this is no list but a descriptor whose memory holds something else.
constexpr size_t kMostMethods = 1000;
constexpr size_t kMostOptions = 1000;

bool is_word(const char* name) {
  const std::string_view word = name == nullptr ? "" : name;
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Throws Error where two texts that have to be equal are not.
void check_equal(const char* built_with, const char* here, const char* sentence) {
  if (built_with != nullptr && std::strcmp(built_with, here) == 0) return;
  throw Error(
      fmt::format(fmt::runtime(sentence), built_with == nullptr ? "an unknown one" : built_with, here));
}

void check_option(const OptionSpec& option, const std::string& method) {
  if (!is_word(option.name))
    throw Error(fmt::format(
        "method {} has an option whose name is no word of a-z, 0-9 and _; mend its OptionSpec", method));
  if (option.default_value == nullptr || option.help == nullptr)
    throw Error(fmt::format("method {}: option {} lacks its {}; mend its OptionSpec", method, option.name,
                            option.help == nullptr ? "help" : "default"));
  if (option.type < OptionType::integer || option.type > OptionType::text)
    throw Error(fmt::format("method {}: option {} has the unknown type {}; mend its OptionSpec", method,
                            option.name, static_cast<int>(option.type)));
}

void check_options(const MethodSpec& spec) {
  if (spec.option_count > kMostOptions || (spec.option_count > 0 && spec.options == nullptr))
    throw Error(
        fmt::format("method {} has {} options and no list of them; write its MethodSpec with std::size",
                    spec.name, spec.option_count));
  const std::span options(spec.options, spec.option_count);
  std::set<std::string_view> names;
  for (const OptionSpec& option : options) {
    check_option(option, spec.name);
    if (!names.insert(option.name).second)
      throw Error(fmt::format("method {}: two options are named {}; rename one", spec.name, option.name));
  }
  try {
    Options{options};
  } catch (const Error& fault) {
    throw Error(fmt::format("method {}: the default of {}; mend its OptionSpec", spec.name, fault.what()));
  }
}

void check_method(const MethodSpec& spec) {
  if (!is_word(spec.name))
    throw Error("offers a method whose name is no word of a-z, 0-9 and _; mend its MethodSpec");
  if (spec.version < 1)
    throw Error(fmt::format("method {} has the version {}; count from 1", spec.name, spec.version));
  if (spec.summary == nullptr || *spec.summary == '\0')
    throw Error(fmt::format("method {} has no summary; say in one line what it does", spec.name));
  if (spec.training != Training::none && spec.training != Training::trainable &&
      spec.training != Training::own_solver)
    throw Error(
        fmt::format("method {} is none of Training::none, Training::trainable and Training::own_solver; mend "
                    "its MethodSpec",
                    spec.name));
  if (spec.create == nullptr)
    throw Error(fmt::format("method {} has no function that creates it; mend its MethodSpec", spec.name));
  check_options(spec);
}

}  // namespace

void check_compatible(const PluginDescriptor& descriptor) {
  if (descriptor.interface_version != kInterfaceVersion) {
    throw Error(fmt::format("is built for plugin interface {} and this runner has {}; rebuild the plugin",
                            descriptor.interface_version, kInterfaceVersion));
  }
  check_equal(descriptor.torch_version, TORCH_VERSION,
              "is built with LibTorch {} and this runner with {}; rebuild the plugin");
  check_equal(descriptor.abi_tag, kAbiTag,
              "is built with \"{}\" and this runner with \"{}\"; rebuild the plugin");
}

void check_methods(const PluginDescriptor& descriptor) {
  if (descriptor.methods == nullptr || descriptor.method_count == 0 || descriptor.method_count > kMostMethods)
    throw Error("offers no method; list them with PROMPTBED_PLUGIN(kMethods)");
  for (const MethodSpec& spec : std::span(descriptor.methods, descriptor.method_count)) check_method(spec);
}

}  // namespace promptbed
