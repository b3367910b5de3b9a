#pragma once

#include <string>
#include <vector>

namespace promptbed {

enum class Alignment { left, right };

struct Column {
  std::string title;
  Alignment alignment = Alignment::right;
  std::string group = {};  ///< heading over neighbouring columns that share it; "" for none
};

/// A table ready to be rendered: text only. The first column heads the rows.
struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`
  std::vector<std::string> notes;              ///< what a reader must know beside the numbers
};

}  // namespace promptbed
