#include "methods/method_registry.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <set>

#include "base/hash.h"
#include "base/installation.h"
#include "methods/guarded_learner.h"

namespace promptbed {

namespace fs = std::filesystem;

struct MethodRegistry::Library {
  boost::dll::shared_library handle;
};

namespace {

constexpr const char* kDescriptor = "promptbed_plugin";

bool world_writable(const fs::path& path) {
  return (fs::status(path).permissions() & fs::perms::others_write) != fs::perms::none;
}

/// Throws Error where somebody other than the user may have put the library there.
void check_trustworthy(const fs::path& file) {
  const fs::path folder = file.parent_path();
  std::error_code unknown;
  if (fs::equivalent(folder, fs::current_path(unknown), unknown)) {
    throw Error("lies in the current folder, where a download could have put it; run from another folder");
  }
  for (const fs::path& path : {folder, file}) {
    if (world_writable(path)) {
      throw Error(fmt::format("{} may be written by everybody; run chmod o-w on it",
                              path == file ? "it" : "its folder"));
    }
  }
}

/// Throws Error where the plugin was built against something else than this program. Reads plain C data only.
void check_compatible(const PluginDescriptor& descriptor) {
  if (descriptor.interface_version != kInterfaceVersion) {
    throw Error(fmt::format("is built for plugin interface {} and this runner has {}; rebuild the plugin",
                            descriptor.interface_version, kInterfaceVersion));
  }
  if (std::strcmp(descriptor.torch_version, TORCH_VERSION) != 0) {
    throw Error(fmt::format("is built with LibTorch {} and this runner with {}; rebuild the plugin",
                            descriptor.torch_version, TORCH_VERSION));
  }
  if (std::strcmp(descriptor.abi_tag, kAbiTag) != 0) {
    throw Error(fmt::format("is built with \"{}\" and this runner with \"{}\"; rebuild the plugin",
                            descriptor.abi_tag, kAbiTag));
  }
}

/// What the loader says of its last failure.
std::string load_error() {
  const char* message = ::dlerror();
  return message != nullptr ? message : "the loader does not say why";
}

std::string plugin_name(const fs::path& file) {
  return file.stem().string();
}

}  // namespace

MethodRegistry::~MethodRegistry() = default;
MethodRegistry::MethodRegistry(MethodRegistry&&) noexcept = default;
MethodRegistry& MethodRegistry::operator=(MethodRegistry&&) noexcept = default;

MethodRegistry::MethodRegistry(const std::vector<fs::path>& folders) {
  std::set<fs::path> loaded;  // a folder that is given may also stand beside the program
  for (const fs::path& folder : folders) {
    std::error_code unknown;
    if (loaded.insert(fs::weakly_canonical(folder, unknown)).second) load_folder(folder);
  }
  std::sort(methods_.begin(), methods_.end(),
            [](const Method& a, const Method& b) { return a.name() < b.name(); });
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
      complaints_.push_back(fmt::format("plugin {}: {}", file.string(), fault.what()));
    }
  }
}

void MethodRegistry::load_plugin(const fs::path& file) {
  check_trustworthy(file);
  auto library = std::make_unique<Library>();
  boost::dll::fs::error_code failure;
  library->handle.load(file.string(), failure,
                       boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  if (failure) throw Error(fmt::format("cannot be loaded ({}); rebuild or remove it", load_error()));
  if (!library->handle.has(kDescriptor))
    throw Error(fmt::format("exports no {}; it is no plugin", kDescriptor));
  const auto& descriptor = library->handle.get<const PluginDescriptor>(kDescriptor);
  check_compatible(descriptor);

  std::vector<Method> offered;
  const std::string hash = hash_file(file);
  for (const MethodSpec& spec : std::span(descriptor.methods, descriptor.method_count)) {
    offered.push_back({plugin_name(file), file, hash, &spec});
    offered.back().default_options();  // throws here where the plugin declares a default of another type
  }
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
    complaints_.push_back(fmt::format("plugin {}: method {} is already offered by {}; the first one is used",
                                      method.file.string(), method.name(), other->file.string()));
  }
}

const Method& MethodRegistry::at(const std::string& name) const {
  const auto found =
      std::find_if(methods_.begin(), methods_.end(), [&](const Method& m) { return m.name() == name; });
  if (found != methods_.end()) return *found;
  std::vector<std::string> known;
  for (const Method& method : methods_) known.push_back(method.name());
  if (known.empty())
    throw Error(fmt::format("no method {}: no plugin was found; give their folder with --plugins", name));
  throw Error(fmt::format("no method {}; known: {}", name, fmt::join(known, ", ")));
}

std::unique_ptr<PromptLearner> MethodRegistry::create(const Method& method, const Options& options) const {
  return at_plugin_border(method.name(), [&] {
    return guard(std::unique_ptr<PromptLearner>(method.spec->create(options)), method.name());
  });
}

std::vector<fs::path> plugin_folders(const std::vector<fs::path>& given) {
  return search_folders(given, "PROMPTBED_PLUGINS", {"plugins", "../lib/promptbed/plugins"});
}

}  // namespace promptbed
