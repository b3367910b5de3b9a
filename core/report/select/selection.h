#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "data/suites/suite.h"
#include "report/select/query.h"
#include "report/select/snapshot.h"

/// Which runs a table is made of, and how they are grouped.
namespace promptbed {

using Runs = std::vector<const RunResults*>;

/// The runs that the query takes and the protocol (any if none is given) asked for, of any status unless one
/// is given, in the snapshot's order. Throws Error for a condition on a setting that none of them
/// has, listing those that they have.
Runs runs_in(const Snapshot& snapshot, const ReportQuery& query, std::optional<Protocol> protocol,
             std::optional<RunStatus> status = {});

/// The runs that a table is made of.
struct RunSelection {
  std::vector<RunResults> runs;           ///< by id
  std::vector<std::string> notes;         ///< what was left out, and why
  std::vector<std::string> methods = {};  ///< in the order in which reports show them; others follow by name
};

/// The finished runs that the query takes and the protocol (any if none is given) asked for: all of one
/// model and, for each dataset, of one split, template and context words and of images with the same contents
/// (the newest). Throws Error if there
/// are none, saying what there is; for runs of several models; for runs that differ only in a given draw; and
/// as runs_in does.
RunSelection select_runs(const Snapshot& snapshot, const ReportQuery& query,
                         std::optional<Protocol> protocol);

/// The number of shots of a table that has room for one: the query's, or else 16, or else the only one in the
/// ledger; nothing if no method is trained. Throws Error if there are several to choose from.
std::optional<int64_t> chosen_shots(const Snapshot& snapshot, const ReportQuery& query, Protocol protocol);

/// The runs of one variant of a method. Runs with different settings are never in one series.
struct Series {
  std::string method;
  std::string variant;  ///< "n_ctx=16": what differs from the other variants; "" for the only one
  Runs runs;

  /// What tables call it: "coop n_ctx=16".
  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// The series of the methods that the query names, in its order, or else of all in the selection's; a
/// method's variants by their first runs, the oldest first. One without runs for a method that has none. They
/// point into the selection.
std::vector<Series> series_of(const RunSelection& selection, const ReportQuery& query);

/// The methods of the selection's runs, in its order.
std::vector<std::string> methods_of(const RunSelection& selection);

/// The datasets that the query names, or else those that the runs were made on, in the query's order.
std::vector<std::string> datasets_of(const RunSelection& selection, const ReportQuery& query);

/// Datasets in the query's order; as they are if the query names datasets.
std::vector<std::string> in_order(std::vector<std::string> datasets, const ReportQuery& query);

/// The seeds that means are over: the query's, or else those of the trained runs, ascending.
std::vector<int64_t> seeds_of(const RunSelection& selection, const ReportQuery& query);

/// Drops the targets of the other protocol: cross-dataset and domain share the runs on a source, which were
/// tested on the targets of both. The source's shifted versions, if there are any among them, are those of
/// domain.
void drop_other_targets(std::set<std::string>& targets, Protocol protocol, const std::string& source,
                        const std::vector<Suite>& suites);

/// Those made on a dataset.
Runs runs_on(const Runs& runs, std::string_view dataset);

}  // namespace promptbed
