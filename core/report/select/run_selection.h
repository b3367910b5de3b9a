#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/select/report_query.h"
#include "results/ledger.h"

namespace promptbed {

/// A finished run with all that it was scored on.
struct SelectedRun {
  RunRecord record;
  std::vector<Score> scores;
  std::vector<Refusal> refusals;

  const RunSpec& spec() const { return record.spec; }
  bool is_trained() const { return !record.spec.classes.empty(); }

  /// The score on a dataset's class set; nullptr where there is none.
  const Score* score(std::string_view dataset, std::string_view class_set) const;

  /// Why the method cannot serve a dataset's class set; "" where it can or was not asked.
  std::string refusal(std::string_view dataset, std::string_view class_set) const;
};

/// The runs that a table is made of.
struct RunSelection {
  std::vector<SelectedRun> runs;
  std::vector<std::string> notes;  ///< what was left out, and why
};

/// The finished runs that `protocol` ("base-new", ...; "" for any) asked for and the query takes, whatever
/// its datasets: all of one model and, for each dataset, of one split, template and context words (the
/// newest). Throws Error where there is none, telling what there is; for runs of several models; for runs
/// that differ in a draw of the user's alone; and for a condition on a setting that no run has.
RunSelection select_runs(const Ledger& ledger, const ReportQuery& query, std::string_view protocol);

/// The number of shots of a table that has room for one: the query's, or else 16, or the only one that is
/// there; nothing where no method is trained. Throws Error where there are several to choose from.
std::optional<int64_t> chosen_shots(const Ledger& ledger, const ReportQuery& query,
                                    std::string_view protocol);

}  // namespace promptbed
