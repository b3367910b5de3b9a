#pragma once

#include <promptbed/export.h>
#include <promptbed/prompt_learner.h>
#include <torch/version.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

/// How a shared library declares its methods. A plugin's source ends with the options of each method, the
/// methods, and one macro:
///
///     constexpr OptionSpec kOptions[] = {{"n_ctx", OptionType::integer, "4", "context tokens"}};
///     constexpr MethodSpec kMethods[] = {
///         {"coop", 1, "Learned context", Training::trainable, kOptions, std::size(kOptions),
///          [](const Options& options) -> PromptLearner* { return new CoOp(options); }}};
///     PROMPTBED_PLUGIN(kMethods);
///
/// The macro exports one constant, `promptbed_plugin`. The host reads it before any C++ call into the
/// library, which is why it holds plain C data and function pointers, and refuses a library built for another
/// interface, LibTorch or compiler. Methods of one plugin may share a class: `coop_ctx60` is `coop` with
/// other defaults.
namespace promptbed {

/// Raised whenever a type that crosses the plugin boundary changes.
inline constexpr std::uint32_t kInterfaceVersion = 7;

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

/// How a method is trained.
enum class Training : int {
  none,        ///< not at all: one run per dataset, whatever the shots and, unless it is online, seeds
  trainable,   ///< the host's loop updates trainable() by the recipe
  own_solver,  ///< by fit(): it has no recipe, and ignores the user's epochs and learning rates
};

/// The option in which a wrapper names its base: a text, which its OptionSpec table declares.
inline constexpr const char* kBaseOption = "base";

/// An option that a base starts from under a wrapper, instead of from its own default.
struct BaseDefault {
  const char* base;    ///< the base's name
  const char* option;  ///< of the base
  const char* value;   ///< as the user would type it
};

/// What makes a method a wrapper: it owns another one of any plugin, its base, and does more with it ("DePT
/// on CoOp"). The user names the base in the option kBaseOption. The host makes it, settles its options
/// before the wrapper's and keeps them beside those as base.NAME, together in the run's id; asks for what it
/// needs; and refuses a base that is not trained by the host's loop or is a wrapper itself. All else is the
/// wrapper's to pass on: bind(), epoch_end(), the base's tensors in trainable() and state(), load_state(),
/// retarget().
struct WrapperSpec {
  /// The host owns the result; the options are those of the wrapper alone.
  PromptLearner* (*create)(const Options& options, std::shared_ptr<PromptLearner> base) = nullptr;
  const BaseDefault* defaults = nullptr;  ///< may be null if there are none
  std::size_t default_count = 0;          ///< entries of `defaults`
};

/// On which images a method chooses what it does not learn, such as a strength or when to stop. Tables name
/// methods that choose, since the others have seen fewer images.
enum class Selection : int {
  none,                 ///< on none: it asks for no validation features
  few_shot_validation,  ///< on a few of each trained class: as many as the shots, and four at most
  full_validation,      ///< on all validation images of the trained classes
};

/// One method of a plugin.
struct MethodSpec {
  const char* name;      ///< as typed after --methods: a-z, 0-9 and _
  std::int32_t version;  ///< from 1; raise it when the method's results change: it is part of every run's id
  const char* summary;   ///< one line
  Training training;     ///< how it is trained
  const OptionSpec* options;                         ///< what the user may set; may be null if there are none
  std::size_t option_count;                          ///< entries of `options`
  PromptLearner* (*create)(const Options& options);  ///< the host owns the result; null for a wrapper
  /// Whether the softmax of logits() is meant as each class's probability, as that of similarities scaled by
  /// the model's temperature is, and that of logits trained by its cross-entropy. Calibration is measured of
  /// such methods only.
  bool probabilities = false;
  const WrapperSpec* wrapper = nullptr;   ///< how a wrapper is made; null for all others
  Selection selection = Selection::none;  ///< what Needs::validation_features are for; of a wrapper, its own
  /// Whether logits() learns from the test images that it sees, without their labels. To such a method a test
  /// is a stream, in an order drawn from the run's seed: it takes the rows of a batch one after the other,
  /// and bind() and retarget() begin a new stream. It makes one run a seed even if it is not trained.
  bool online = false;
};

/// The type of `promptbed_plugin`.
struct PluginDescriptor {
  std::uint32_t interface_version;  ///< kInterfaceVersion of the headers it was built with
  const char* torch_version;        ///< of the LibTorch it was built with: "1.13.1"
  const char* abi_tag;              ///< kAbiTag of its compiler
  const MethodSpec* methods;        ///< what it offers
  std::size_t method_count;         ///< entries of `methods`
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
