#pragma once

#include <promptbed/export.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace promptbed {

/// The type of an option's value.
enum class OptionType : int { integer, real, boolean, text };

/// An option of a method, as its plugin declares it.
struct OptionSpec {
  const char* name;           ///< as typed in --set METHOD.NAME=VALUE
  OptionType type;            ///< of its values
  const char* default_value;  ///< as the user would type it
  const char* help;           ///< one line
};

/// The value of an option.
using OptionValue = std::variant<int64_t, double, bool, std::string>;

/// Values by the names of their options, sorted.
using OptionValues = std::map<std::string, OptionValue, std::less<>>;

/// Typed values of a method's options: one for every option it declares.
///
///     options.integer("n_ctx")   // 4
class PROMPTBED_EXPORT Options {
 public:
  Options() = default;

  /// The declared defaults. Throws Error if a default is not of its type.
  explicit Options(std::span<const OptionSpec> specs);

  /// Sets an option from text. Throws Error for an unknown name (listing the known ones) and for a value of
  /// another type.
  void set(std::string_view name, std::string_view text);

  /// Sets an option to a value of its own type.
  void set(std::string_view name, OptionValue value);

  /// Adds the options of another set, their names after a prefix: "weight" becomes "base.weight". Throws
  /// Error if there is one of such a name already.
  void add(std::string_view prefix, const Options& others);

  /// The options whose names begin with a prefix, without it: the reverse of add().
  Options part(std::string_view prefix) const;

  /// The value of an option. Throws Error for an unknown name; the type must be the declared one.
  /// @{
  int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  bool boolean(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  /// @}

  /// Name to value, sorted by name.
  const OptionValues& values() const { return values_; }

 private:
  const OptionValue& at(std::string_view name) const;

  OptionValues values_;
};

}  // namespace promptbed
