#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/figures/figure.h"
#include "report/page/making.h"
#include "table/table.h"

namespace promptbed {

/// A number that a reader should see first.
struct Highlight {
  std::string name;   ///< "Best H"
  std::string value;  ///< "51.29 %"
  std::string of;     ///< "clip_zeroshot"
};

/// A part of the page: a table and its figures.
struct PageSection {
  std::string id;       ///< for links
  std::string heading;  ///< also in the contents
  std::string lead;     ///< what was done
  std::vector<Figure> figures = {};
  std::optional<Table> table = {};
  std::vector<Highlight> highlights = {};  ///< of its numbers
};

/// A table that could not be made as asked for.
struct LeftOut {
  std::string heading;  ///< that its section would have had
  std::string reason;
};

/// A report for a browser: one file that needs nothing else.
struct Page {
  std::string title;
  std::string summary;
  std::vector<Fact> origin = {};  ///< model, ledger, host, when it was made
  std::vector<Highlight> highlights = {};
  std::vector<LeftOut> left_out = {};
  std::vector<PageSection> sections = {};
  Making making = {};
  std::string ledger;  ///< the name of the file that it was made from
};

/// The page as HTML. Throws Error if gnuplot is missing or fails.
std::string render_page(const Page& page);

}  // namespace promptbed
