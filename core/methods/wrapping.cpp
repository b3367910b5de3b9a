#include "methods/wrapping.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <span>

namespace promptbed {

Options with_base(const Method& wrapper, const Options& own, const Method& base) {
  Options of_base = base.default_options();
  const WrapperSpec& spec = *wrapper.spec->wrapper;
  for (const BaseDefault& preset : std::span(spec.defaults, spec.default_count)) {
    if (preset.base != base.name()) continue;
    try {
      of_base.set(preset.option, std::string_view(preset.value));
    } catch (const Error& fault) {
      throw Error(fmt::format("{}: its default for {}.{}: {}; fix its WrapperSpec", wrapper.name(),
                              preset.base, preset.option, fault.what()));
    }
  }
  Options both = own;
  both.add(kBasePrefix, of_base);
  return both;
}

Options own_part(const Method& method, const Options& options) {
  Options own = method.default_options();
  for (const auto& [name, value] : own.values()) own.set(name, options.values().at(name));
  return own;
}

Options base_part(const Options& options) {
  return options.part(kBasePrefix);
}

}  // namespace promptbed
