#pragma once

#include <promptbed/plugin.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace promptbed {

/// A method that a plugin offers.
struct Method {
  std::string plugin;          ///< the plugin's name: its file's, without the ending
  std::filesystem::path file;  ///< the shared library
  std::string file_hash;       ///< of its bytes
  const MethodSpec* spec;      ///< lives as long as the registry

  std::string name() const { return spec->name; }
  bool trainable() const { return spec->training != Training::none; }
  bool has_own_solver() const { return spec->training == Training::own_solver; }
  bool is_wrapper() const { return spec->wrapper != nullptr; }

  /// The method's own options at their defaults, without those of a base.
  Options default_options() const { return Options(std::span(spec->options, spec->option_count)); }
};

/// The methods of all plugins found in some folders. The host knows no method but through it.
class MethodRegistry {
 public:
  /// Loads every shared library in the folders. One that is broken or does not match is left out with a
  /// complaint, and the others still load. So is one that somebody else may have put there: in the current
  /// folder, or where the file or a folder above it belongs to neither root nor the user or may be written by
  /// everybody (sticky folders aside). Links are followed first.
  explicit MethodRegistry(const std::vector<std::filesystem::path>& folders);

  /// The methods of one plugin and, if one of them is a wrapper, those in some folders for its base. Throws
  /// Error, one line, if the plugin would be left out.
  static MethodRegistry of_plugin(const std::filesystem::path& file,
                                  const std::vector<std::filesystem::path>& folders = {});

  ~MethodRegistry();
  MethodRegistry(MethodRegistry&&) noexcept;
  MethodRegistry& operator=(MethodRegistry&&) noexcept;

  const std::vector<Method>& methods() const { return methods_; }

  /// One line for each plugin that was left out: which, and why.
  const std::vector<std::string>& complaints() const { return complaints_; }

  /// Throws Error for a name that no plugin offers, listing the known ones.
  const Method& at(const std::string& name) const;

  /// The base that a wrapper's options name; null for a method that is no wrapper. Throws Error, listing
  /// those that can be one, if there is no such method, it is not trained by the host's loop, or it is a
  /// wrapper.
  const Method* base_of(const Method& method, const Options& options) const;

  /// The method's options at their defaults but for these values; a wrapper's together with its base's,
  /// "base.weight". Throws Error for an unknown option or a value of another type, and what base_of() throws.
  Options options_of(const Method& method, const OptionValues& values = {}) const;

  /// On which images the method may choose with such options; of a wrapper, it or its base.
  Selection selection_of(const Method& method, const Options& options) const;

  /// Whether the method, or its base, learns from the test images that it sees (MethodSpec::online).
  bool is_online(const Method& method, const Options& options) const;

  /// A hash of the code that runs with such options: of the method's library, and of its base's.
  std::string code_hash(const Method& method, const OptionValues& options) const;

  /// A new instance behind guard(): nothing wrong crosses the border unseen. Throws Error if the method
  /// cannot be made with these options, and PluginFault if the plugin fails.
  std::unique_ptr<PromptLearner> create(const Method& method, const Options& options) const;

 private:
  struct Library;

  void load_folder(const std::filesystem::path& folder);
  void load_plugin(const std::filesystem::path& file);
  void add(Method method);

  std::vector<std::unique_ptr<Library>> libraries_;
  std::vector<Method> methods_;
  std::vector<std::string> complaints_;
};

/// Throws Error if the plugin was built against something else than this program. Reads plain C data only.
void check_compatible(const PluginDescriptor& descriptor);

/// Throws Error naming the method if the descriptor of a compatible plugin leaves something out or holds what
/// cannot be: a missing name, a name that cannot be typed, a version below 1, a default that is not of its
/// option's type.
void check_methods(const PluginDescriptor& descriptor);

/// Where plugins are looked for: those given, then $PROMPTBED_PLUGINS (separated by colons), then the folders
/// beside the program: plugins/ (a build) and ../lib/promptbed/plugins/ (an installation).
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path>& given);

}  // namespace promptbed
