#include "methods/method_registry.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>
#include <set>
#include <span>
#include <string_view>

#include "base/hash.h"
#include "base/installation.h"
#include "base/signals.h"
#include "base/suggestion.h"
#include "methods/guarded_learner.h"
#include "methods/wrapping.h"

namespace promptbed {

namespace fs = std::filesystem;

struct MethodRegistry::Library {
  boost::dll::shared_library handle;
};

namespace {

constexpr const char* kDescriptor = "promptbed_plugin";

/// Throws Error if somebody other than root and the user may put another file in the place of this one or, if
/// it is a folder, of what is in it. In a sticky folder nobody can touch the others' files.
void check_trustworthy(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw Error(fmt::format("{} cannot be looked at ({}); check its permissions", path.string(),
                            std::strerror(errno)));
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    throw Error(fmt::format("{} belongs to user {}, who could put anything there; load a copy of your own",
                            path.string(), status.st_uid));
  }
  const bool is_sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & S_IWOTH) != 0 && !is_sticky) {
    throw Error(fmt::format("{} has mode {:04o}: everybody may write it; run chmod o-w {}", path.string(),
                            status.st_mode & 07777, path.string()));
  }
}

/// Whether the running program lies in the folder or below it: whoever may write there can replace the
/// program itself, so a look at the folder would protect nobody.
bool holds_program(const fs::path& folder) {
  const fs::path program = program_folder();
  return std::ranges::mismatch(folder, program).in1 == folder.end();
}

/// The same for a file, where it really is, and for the folders above it and above the link to it, up to
/// those that hold the program.
void check_trustworthy_chain(const fs::path& given, const fs::path& real) {
  std::error_code unknown;
  if (fs::equivalent(given.parent_path(), fs::current_path(unknown), unknown)) {
    throw Error("is in the current folder, where a download could have put it; run from another folder");
  }
  check_trustworthy(real);
  for (fs::path folder : {real.parent_path(), fs::canonical(given.parent_path())}) {
    // The root holds the program, too.
    for (; !holds_program(folder); folder = folder.parent_path()) check_trustworthy(folder);
  }
}

/// What the loader says of its last failure.
std::string load_error() {
  const char* message = ::dlerror();
  return message != nullptr ? message : "the loader does not say why";
}

/// Why a plugin is left out.
std::string describe(const fs::path& file, const std::exception& fault) {
  return fmt::format("plugin {}: {}", file.string(), fault.what());
}

std::string plugin_name(const fs::path& file) {
  return file.stem().string();
}

// More than this is no list, but a descriptor whose memory holds something else.
constexpr size_t kMostMethods = 1000;
constexpr size_t kMostOptions = 1000;

bool can_be_typed(const char* name) {
  const std::string_view text = name == nullptr ? "" : name;
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Throws Error unless the two texts are equal.
void check_equal(const char* built_with, const char* here, const char* sentence) {
  if (built_with != nullptr && std::strcmp(built_with, here) == 0) return;
  throw Error(
      fmt::format(fmt::runtime(sentence), built_with == nullptr ? "an unknown one" : built_with, here));
}

void check_option(const OptionSpec& option, const std::string& method) {
  if (!can_be_typed(option.name))
    throw Error(fmt::format(
        "method {} has an option whose name is not made of a-z, 0-9 and _; fix its OptionSpec", method));
  if (option.default_value == nullptr || option.help == nullptr)
    throw Error(fmt::format("method {}: option {} lacks its {}; fix its OptionSpec", method, option.name,
                            option.help == nullptr ? "help" : "default"));
  if (option.type < OptionType::integer || option.type > OptionType::text)
    throw Error(fmt::format("method {}: option {} has the unknown type {}; fix its OptionSpec", method,
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
    throw Error(fmt::format("method {}: the default of {}; fix its OptionSpec", spec.name, fault.what()));
  }
}

void check_wrapper(const MethodSpec& spec) {
  if (spec.training != Training::trainable)
    throw Error(
        fmt::format("method {} is a wrapper and not Training::trainable; fix its MethodSpec", spec.name));
  const std::span options(spec.options, spec.option_count);
  const bool names_base = std::ranges::any_of(options, [](const OptionSpec& option) {
    return option.type == OptionType::text && std::string_view(option.name) == kBaseOption;
  });
  if (!names_base)
    throw Error(
        fmt::format("method {} is a wrapper without the text option {}; declare it", spec.name, kBaseOption));
  const WrapperSpec& wrapper = *spec.wrapper;
  if (wrapper.default_count > kMostOptions)
    throw Error(fmt::format("method {} has {} defaults of bases, and {} are allowed; fix its WrapperSpec",
                            spec.name, wrapper.default_count, kMostOptions));
  if (wrapper.default_count > 0 && wrapper.defaults == nullptr)
    throw Error(fmt::format("method {} has {} defaults of bases and no list of them; fix its WrapperSpec",
                            spec.name, wrapper.default_count));
  for (const BaseDefault& preset : std::span(wrapper.defaults, wrapper.default_count)) {
    if (preset.base == nullptr || preset.option == nullptr || preset.value == nullptr)
      throw Error(fmt::format(
          "method {} has a default of a base that leaves something out; fix its WrapperSpec", spec.name));
  }
}

void check_spec(const MethodSpec& spec) {
  if (!can_be_typed(spec.name))
    throw Error("offers a method whose name is not made of a-z, 0-9 and _; fix its MethodSpec");
  if (spec.version < 1)
    throw Error(fmt::format("method {} has the version {}; count from 1", spec.name, spec.version));
  if (spec.summary == nullptr || *spec.summary == '\0')
    throw Error(fmt::format("method {} has no summary; say in one line what it does", spec.name));
  if (spec.training != Training::none && spec.training != Training::trainable &&
      spec.training != Training::own_solver)
    throw Error(
        fmt::format("method {} is none of Training::none, Training::trainable and Training::own_solver; fix "
                    "its MethodSpec",
                    spec.name));
  if (spec.wrapper == nullptr ? spec.create == nullptr : spec.wrapper->create == nullptr)
    throw Error(fmt::format("method {} has no function that creates it; fix its MethodSpec", spec.name));
  check_options(spec);
  if (spec.wrapper != nullptr) check_wrapper(spec);
}

bool can_be_base(const Method& method) {
  return method.spec->training == Training::trainable && !method.is_wrapper();
}

bool offers_text_features(const MethodRegistry& registry, const Method& method) {
  try {
    return registry.create(method, method.default_options())->offers().text_features;
  } catch (const std::exception&) {
    return false;  // it is not the method that was asked for
  }
}

/// `method` is null if there is none of that name.
const char* why_no_base(const Method* method) {
  if (method == nullptr) return "no plugin offers it";
  if (method->is_wrapper()) return "is built on another method itself";
  return method->trainable() ? "has a solver of its own" : "is not trained";
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
  for (const MethodSpec& spec : std::span(descriptor.methods, descriptor.method_count)) check_spec(spec);
}

MethodRegistry::~MethodRegistry() = default;
MethodRegistry::MethodRegistry(MethodRegistry&&) noexcept = default;
MethodRegistry& MethodRegistry::operator=(MethodRegistry&&) noexcept = default;

MethodRegistry::MethodRegistry(const std::vector<fs::path>& folders) {
  std::set<fs::path> loaded;  // a given folder may also be one beside the program
  for (const fs::path& folder : folders) {
    std::error_code unknown;
    if (loaded.insert(fs::weakly_canonical(folder, unknown)).second) load_folder(folder);
  }
  std::sort(methods_.begin(), methods_.end(),
            [](const Method& a, const Method& b) { return a.name() < b.name(); });
}

MethodRegistry MethodRegistry::of_plugin(const fs::path& file, const std::vector<fs::path>& folders) {
  MethodRegistry registry({});
  try {
    if (!fs::exists(file)) throw Error("is not there; build it, or correct the path");
    registry.load_plugin(fs::absolute(file));
  } catch (const std::exception& fault) {
    throw Error(describe(file, fault));
  }
  if (std::ranges::any_of(registry.methods_, &Method::is_wrapper)) {
    for (const fs::path& folder : folders) registry.load_folder(folder);
  }
  return registry;
}

void MethodRegistry::load_folder(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".so") files.push_back(fs::absolute(entry.path()));
  }
  if (failure) complaints_.push_back(fmt::format("plugin folder {}: {}", folder.string(), failure.message()));
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    try {
      load_plugin(file);
    } catch (const std::exception& fault) {
      complaints_.push_back(describe(file, fault));
    }
  }
}

void MethodRegistry::load_plugin(const fs::path& file) {
  const fs::path real = fs::canonical(file);
  check_trustworthy_chain(file, real);
  const CrashScope scope(file.c_str(), "its start");
  auto library = std::make_unique<Library>();
  boost::dll::fs::error_code failure;
  library->handle.load(real.string(), failure,
                       boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  if (failure) throw Error(fmt::format("cannot be loaded ({}); rebuild or remove it", load_error()));
  if (!library->handle.has(kDescriptor))
    throw Error(
        fmt::format("exports no {}; end its source with PROMPTBED_PLUGIN or remove the file", kDescriptor));
  const auto& descriptor = library->handle.get<const PluginDescriptor>(kDescriptor);
  check_compatible(descriptor);
  check_methods(descriptor);

  std::vector<Method> offered;
  const std::string hash = hash_file(real);
  for (const MethodSpec& spec : std::span(descriptor.methods, descriptor.method_count))
    offered.push_back({plugin_name(file), file, hash, &spec});
  // From here on nothing fails: a method must never outlive its library.
  libraries_.push_back(std::move(library));
  for (Method& method : offered) add(std::move(method));
}

void MethodRegistry::add(Method method) {
  const auto other = std::find_if(methods_.begin(), methods_.end(),
                                  [&](const Method& m) { return m.name() == method.name(); });
  if (other == methods_.end()) {
    methods_.push_back(std::move(method));
  } else {
    complaints_.push_back(
        fmt::format("plugin {}: method {} is already offered by {}, which is used; remove one of the two",
                    method.file.string(), method.name(), other->file.string()));
  }
}

const Method& MethodRegistry::at(const std::string& name) const {
  const auto found =
      std::find_if(methods_.begin(), methods_.end(), [&](const Method& m) { return m.name() == name; });
  if (found != methods_.end()) return *found;
  std::vector<std::string> known;
  for (const Method& method : methods_) known.push_back(method.name());
  const std::string remedy =
      known.empty() ? "no plugin was found; give their folder with --plugins" : remedy_for(name, known);
  if (complaints_.empty()) throw Error(fmt::format("no method {}; {}", name, remedy));
  // It may be the plugin that was not loaded.
  throw Error(fmt::format("no method {}; {}; not loaded: {}{}", name, remedy, complaints_.front(),
                          complaints_.size() == 1 ? "" : ", and more, which `runner methods` lists"));
}

const Method* MethodRegistry::base_of(const Method& method, const Options& options) const {
  if (!method.is_wrapper()) return nullptr;
  const std::string& name = options.text(kBaseOption);
  const auto found = std::ranges::find(methods_, name, &Method::name);
  if (found != methods_.end() && can_be_base(*found)) return &*found;
  std::vector<std::string> known;
  for (const Method& other : methods_) {
    if (can_be_base(other) && offers_text_features(*this, other)) known.push_back(other.name());
  }
  const std::string remedy = known.empty() ? "give the folder of another with --plugins"
                                           : fmt::format("choose among {}", fmt::join(known, ", "));
  throw Error(fmt::format("{}: base \"{}\": {}; {}", method.name(), name,
                          why_no_base(found == methods_.end() ? nullptr : &*found), remedy));
}

Options MethodRegistry::options_of(const Method& method, const OptionValues& values) const {
  Options options = method.default_options();
  if (method.is_wrapper()) {
    if (const auto base = values.find(kBaseOption); base != values.end())
      options.set(kBaseOption, base->second);
    options = with_base(method, options, *base_of(method, options));
  }
  for (const auto& [name, value] : values) options.set(name, value);
  return options;
}

Selection MethodRegistry::selection_of(const Method& method, const Options& options) const {
  const Selection own = method.spec->selection;
  const Method* base = base_of(method, options);
  return base == nullptr ? own : std::max(own, base->spec->selection);
}

bool MethodRegistry::is_online(const Method& method, const Options& options) const {
  const Method* base = base_of(method, options);
  return method.spec->online || (base != nullptr && base->spec->online);
}

std::string MethodRegistry::code_hash(const Method& method, const OptionValues& options) const {
  if (!method.is_wrapper()) return method.file_hash;
  const Method* base = base_of(method, options_of(method, options));
  return Hasher().add(method.file_hash).add(base->file_hash).hex();
}

std::unique_ptr<PromptLearner> MethodRegistry::create(const Method& method, const Options& options) const {
  const MethodOrigin origin{method.name(), method.file.filename().string()};
  std::shared_ptr<PromptLearner> base;
  if (const Method* wrapped = base_of(method, options)) base = create(*wrapped, base_part(options));
  const Options own = own_part(method, options);
  auto learner = at_plugin_border(origin, "create", [&] {
    return std::unique_ptr<PromptLearner>(base ? method.spec->wrapper->create(own, base)
                                               : method.spec->create(own));
  });
  return guard(std::move(learner), origin, method.default_options(), std::move(base));
}

std::vector<fs::path> plugin_folders(const std::vector<fs::path>& given) {
  return search_folders(given, "PROMPTBED_PLUGINS", {"plugins", "../lib/promptbed/plugins"});
}

}  // namespace promptbed
