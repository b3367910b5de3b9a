#pragma once

#include <filesystem>
#include <string>

#include "report/select/selection.h"

/// Finished runs with their epochs and scores, for other programs: spreadsheets, experiment trackers.
namespace promptbed {

/// Comma-separated values, a number a line: which run, of what, the metric, the epoch if it has one, the
/// value.
std::string export_csv(const Snapshot& snapshot, const Runs& runs);

/// JSON Lines, a run a line: "run", "name", "method", "variant", "dataset", "classes", "shots", "seed",
/// "protocols", "parameters", "created", "ended", "config" (the canonical JSON of its settings), "epochs"
/// (objects of "epoch" and metrics) and "scores" (by metric). What is not known, or is not a finite number,
/// is null.
std::string export_json_lines(const Snapshot& snapshot, const Runs& runs);

/// A file of events for TensorBoard at METHOD/DATASET/... in the folder for each run, with its epochs as
/// steps and its scores at the last one. Replaces those of an earlier export. Throws Error if one cannot be
/// written.
void export_tensorboard(const Snapshot& snapshot, const Runs& runs, const std::filesystem::path& folder);

}  // namespace promptbed
