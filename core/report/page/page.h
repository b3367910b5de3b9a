#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/figures/figure.h"
#include "report/page/page_making.h"
#include "table/table.h"

namespace promptbed {

/// A number that a reader should see first.
struct Highlight {
  std::string name;   ///< "Best H"
  std::string value;  ///< "51.29 %"
  std::string of;     ///< "clip_zeroshot"
};

/// A part of the page: what was found in one table, with its figures.
struct PageSection {
  std::string id;       ///< a word for links
  std::string heading;  ///< also in the list of contents
  std::string lead;     ///< what was done
  std::vector<Figure> figures = {};
  std::optional<Table> table = {};
  std::vector<Highlight> highlights = {};  ///< of its numbers
};

/// A table that could not be made with the reader's choices.
struct LeftOut {
  std::string heading;  ///< that its section would have
  std::string reason;
};

/// A report that is read in a browser: one file that needs nothing else.
struct Page {
  std::string title;
  std::string summary;
  std::vector<Highlight> highlights;
  std::vector<LeftOut> left_out = {};
  std::vector<PageSection> sections;
  Making making;
  std::string ledger;  ///< the file that it was made from
};

/// The page as HTML. Throws Error where gnuplot is missing or fails.
std::string render_page(const Page& page);

}  // namespace promptbed
