#include "report/page/markup.h"

#include <stdexcept>

#include "table/render.h"

namespace promptbed {

Markup Markup::text(std::string_view text) {
  return Markup(escape_html(text));
}

Markup& Markup::operator+=(const Markup& more) {
  html_ += more.html_;
  return *this;
}

Markup fill(std::string_view pattern, const Places& values) {
  std::string html;
  while (true) {
    const size_t begin = pattern.find("{{");
    html += pattern.substr(0, begin);
    if (begin == std::string_view::npos) return Markup::made(std::move(html));
    const size_t end = pattern.find("}}", begin);
    if (end == std::string_view::npos) throw std::logic_error("a place in a template does not end");
    const std::string_view name = pattern.substr(begin + 2, end - begin - 2);
    const auto value = values.find(name);
    if (value == values.end()) throw std::logic_error("no value for {{" + std::string(name) + "}}");
    html += value->second.html();
    pattern.remove_prefix(end + 2);
  }
}

}  // namespace promptbed
