#pragma once

#include "table/table.h"

namespace promptbed {

/// What was found, in two forms.
struct Report {
  Table table;    ///< for readers, as a paper prints it: text, Markdown, LaTeX, HTML
  Table records;  ///< for programs, CSV and JSON: a row a fact, column names as identifiers, values unrounded
};

}  // namespace promptbed
