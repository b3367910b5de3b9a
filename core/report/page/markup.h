#pragma once

#include <map>
#include <string>
#include <string_view>

namespace promptbed {

/// HTML. Text enters it only through text(), which escapes it: nothing in a ledger can be markup.
class Markup {
 public:
  Markup() = default;

  /// Text to be read as it is.
  static Markup text(std::string_view text);

  /// HTML that the program made itself.
  static Markup made(std::string html) { return Markup(std::move(html)); }

  Markup& operator+=(const Markup& more);

  const std::string& html() const { return html_; }
  bool empty() const { return html_.empty(); }

 private:
  explicit Markup(std::string html) : html_(std::move(html)) {}

  std::string html_;
};

/// Values of a template's places, by name.
using Places = std::map<std::string, Markup, std::less<>>;

/// An HTML template with each {{name}} replaced by the value of that name. Throws std::logic_error for a name
/// without a value, which is a mistake in the program.
Markup fill(std::string_view pattern, const Places& values);

}  // namespace promptbed
