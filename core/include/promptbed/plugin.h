#pragma once

#include <promptbed/export.h>
#include <promptbed/prompt_learner.h>
#include <torch/version.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

/// How a shared library offers its methods. At the end of the plugin's source stand the options of each
/// method, the methods, and one macro:
///
///     constexpr OptionSpec kOptions[] = {{"n_ctx", OptionType::integer, "4", "context tokens"}};
///     constexpr MethodSpec kMethods[] = {
///         {"coop", 1, "Learned context", Training::trainable, kOptions, std::size(kOptions),
///          [](const Options& options) -> PromptLearner* { return new CoOp(options); }}};
///     PROMPTBED_PLUGIN(kMethods);
///
/// The macro exports one constant, `promptbed_plugin`. The host reads it before any C++ call into the
/// library, so it holds plain C data and function pointers, and refuses a library that was built for another
/// interface, LibTorch or compiler. Several methods of one plugin may share a class: `coop_ctx60` is `coop`
/// with other defaults.
namespace promptbed {

/// Raised whenever a type that crosses the border changes.
inline constexpr std::uint32_t kInterfaceVersion = 4;

#define PROMPTBED_STRING_(x) #x
#define PROMPTBED_STRING(x) PROMPTBED_STRING_(x)
#if defined(__clang__)
#define PROMPTBED_COMPILER "clang-" PROMPTBED_STRING(__clang_major__)
#else
#define PROMPTBED_COMPILER "gcc-" PROMPTBED_STRING(__GNUC__)
#endif

/// Compiler and C++ ABI, such as "gcc-12 abi-1017 cxx11-1".
inline constexpr const char* kAbiTag = PROMPTBED_COMPILER
    " abi-" PROMPTBED_STRING(__GXX_ABI_VERSION) " cxx11-" PROMPTBED_STRING(_GLIBCXX_USE_CXX11_ABI);

/// How a method comes to its trained state.
enum class Training : int {
  none,        ///< has none: one run a dataset, whatever the shots and seeds
  trainable,   ///< the host's loop moves trainable() by the recipe
  own_solver,  ///< fit() does it all: there is no recipe, and the user's epochs and rates do not concern it
};

/// One method of a plugin.
struct MethodSpec {
  const char* name;      ///< of a-z, 0-9 and _, as typed after --methods
  std::int32_t version;  ///< from 1; raised when the method's numbers change; part of every run's id
  const char* summary;   ///< one line
  Training training;
  const OptionSpec* options;  ///< what the user may set; may be null where there are none
  std::size_t option_count;
  PromptLearner* (*create)(const Options& options);  ///< the host deletes the result
};

/// What `promptbed_plugin` is.
struct PluginDescriptor {
  std::uint32_t interface_version;
  const char* torch_version;
  const char* abi_tag;
  const MethodSpec* methods;
  std::size_t method_count;
};

}  // namespace promptbed

/// Exports `methods`, an array of MethodSpec, as this library's plugin descriptor.
#define PROMPTBED_PLUGIN(methods)                                                                        \
  extern "C" {                                                                                           \
  extern PROMPTBED_EXPORT const ::promptbed::PluginDescriptor promptbed_plugin;                          \
  const ::promptbed::PluginDescriptor promptbed_plugin = {::promptbed::kInterfaceVersion, TORCH_VERSION, \
                                                          ::promptbed::kAbiTag, std::data(methods),      \
                                                          std::size(methods)};                           \
  }
