#pragma once

#include <string_view>

/// The files of core/report/page, embedded into the library when it is built. The HTML ones are templates for
/// fill() in markup.h.
namespace promptbed::page_assets {

extern const std::string_view page_html;     ///< the whole page
extern const std::string_view section_html;  ///< a part of it with a heading of its own
extern const std::string_view figure_html;   ///< a figure with its legend
extern const std::string_view table_html;    ///< a table with its title and notes
extern const std::string_view making_html;   ///< how one variant of a method was trained
extern const std::string_view page_css;
extern const std::string_view page_js;

}  // namespace promptbed::page_assets
