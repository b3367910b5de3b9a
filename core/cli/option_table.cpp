#include "cli/option_table.h"

namespace promptbed {

Table option_table(const Values& values, const std::map<std::string, std::string>& settled) {
  Table table{.title = "Options",
              .columns = {{"Option", Alignment::left}, {"Value", Alignment::left}, {"From", Alignment::left}},
              .rows = {},
              .notes = {}};
  for (const auto& [option, entries] : values.entries()) {
    for (const Values::Entry& entry : entries)
      table.rows.push_back({"--" + option, entry.text, entry.place.name});
    const auto stands_for = settled.find(option);
    if (entries.empty() && stands_for != settled.end())
      table.rows.push_back({"--" + option, stands_for->second, Place().name});
  }
  return table;
}

}  // namespace promptbed
