#pragma once

#include <nlohmann/json.hpp>

#include "results/ledger.h"

namespace promptbed {

/// All that the ledger knows of a run, and where its files are, as one JSON object: "id", "status", "spec"
/// (the canonical JSON), "scores" and "refusals" by dataset and class set, "epochs" (the first and the last
/// loss, not each), "tracked" (accuracies by epoch, counted from 1), "execution", "hashes" and so on. What an
/// unfinished run does not have is null.
nlohmann::ordered_json document_of(const RunRecord& run, const Ledger& ledger);

}  // namespace promptbed
