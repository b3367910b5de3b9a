#pragma once

#include <promptbed/protocol.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/suites/suite.h"
#include "report/figures/figure.h"
#include "report/select/query.h"
#include "report/select/snapshot.h"
#include "table/table.h"

namespace promptbed {

/// What reports are made of: the ledger, read once, and the suites.
struct ReportSources {
  Snapshot snapshot;
  std::filesystem::path folder;  ///< of the suites, which the papers' figures are in, too
  std::vector<Suite> suites;

  /// Reads both. Throws Error as Snapshot and read_suites do. The ledger must outlive the sources.
  ReportSources(const Ledger& ledger, const std::filesystem::path& suite_folder);
};

struct TableKind;

/// What to show of a table.
struct TableRequest {
  const TableKind* kind = nullptr;
  ReportQuery query = {};
  std::optional<std::string> versus = {};  ///< not accuracies but what is gained over this method
  bool paper = false;                      ///< set published figures beside one's own
};

/// A table and the figures that show what it says.
struct Exhibit {
  Report report;
  std::vector<Figure> figures;
};

/// One of the tables that a user may ask for. All that differs between them is here.
struct TableKind {
  std::string_view name;             ///< "base-new"
  std::optional<Protocol> protocol;  ///< whose runs it is made of; nothing: those of all
  std::string_view summary;          ///< one line for the help
  std::string_view heading;          ///< of its section on a page
  std::string_view lead;             ///< what its section says before it

  bool has_accuracies = false;  ///< means of them, or of the like, which have a spread
  bool has_metrics = false;     ///< another metric can take the accuracies' place
  bool has_versus = false;      ///< methods can be compared with one another
  bool has_paper = false;       ///< papers' figures can be set beside it
  bool has_figures = false;
  bool has_highlights = false;     ///< its best averages are at the top of a page
  bool spans_suites = false;       ///< datasets of several suites may be in it
  bool is_of_failures = false;     ///< made of failures, not of finished runs
  bool is_of_calibration = false;  ///< made of measurements of probabilities
  bool is_of_tracking = false;     ///< made of what was measured in training

  /// Makes the table and, if looks are given, its figures.
  Exhibit (*make)(const ReportSources& sources, const TableRequest& request, Looks* looks) = nullptr;

  /// Whether it is of methods trained on one dataset and tested on others.
  bool has_source() const { return protocol && promptbed::has_source(*protocol); }
};

/// All of them, in the order in which pages show them.
const std::vector<TableKind>& table_kinds();

/// The one with that name. Throws Error for another, listing those known.
const TableKind& table_kind(std::string_view name);

/// Whether the ledger has anything for a table.
bool has_rows(const TableKind& kind, const Snapshot& snapshot, const ReportQuery& query);

/// Limits a request to the datasets of the suite that the user names, or else, unless datasets are named,
/// puts those of the ledger in the order of their suites. Throws Error for an unknown suite, for one without
/// runs, and if none is named and a table of one suite has runs on several.
void choose_suite(TableRequest& request, const ReportSources& sources,
                  const std::optional<std::string>& suite);

/// Makes a table and, if looks are given, its figures; a page's figures share their looks. Throws Error if
/// the table cannot do what is asked for, and as its kind does.
Exhibit make_exhibit(const ReportSources& sources, const TableRequest& request, Looks* looks = nullptr);

/// The one plot that stands for a table: the gains if the request names a method, or else the first figure.
/// Throws Error for a table without figures, and as make_exhibit does.
Figure make_plot(const ReportSources& sources, const TableRequest& request);

}  // namespace promptbed
