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

/// Which runs a table is made of.
namespace promptbed {

using Runs = std::vector<const RunResults*>;

/// The runs that the query takes and the protocol (any if none is given) asked for, of any status unless one
/// is given, in the snapshot's order. Throws Error for a condition on a setting that none of them has,
/// listing those that they have.
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
/// (the newest). Throws Error if there are none, saying what there is; for runs of several models; for runs
/// that differ only in a given draw or in given descriptions; and as runs_in does.
RunSelection select_runs(const Snapshot& snapshot, const ReportQuery& query,
                         std::optional<Protocol> protocol);

/// The number of shots of a table that has room for one: the query's, or else 16, or else the only one in the
/// ledger; nothing if no method is trained. Throws Error if there are several to choose from.
std::optional<int64_t> chosen_shots(const Snapshot& snapshot, const ReportQuery& query, Protocol protocol);

/// Drops the targets of the other protocol: cross-dataset and domain share the runs on a source, which were
/// tested on the targets of both. The source's shifted versions, if there are any among them, are those of
/// domain.
void drop_other_targets(std::set<std::string>& targets, Protocol protocol, const std::string& source,
                        const std::vector<Suite>& suites);

}  // namespace promptbed
