#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/grid/accuracy.h"
#include "results/run_record.h"

namespace promptbed {

/// What tables of accuracies say in the same words: in their titles, and in notes on what is missing.

/// ", 16 shots"; "" for nothing.
std::string at_shots(const std::optional<int64_t>& shots);

/// ", mean over seeds 1, 2, 3", or with the name of the spread; "" for no seeds.
std::string over_seeds(const std::vector<int64_t>& seeds, Spread spread);

/// ", seeds 1, 2, 3"; "" for none.
std::string of_seeds(const std::vector<int64_t>& seeds);

/// Whether a mean lacks some of the seeds that it is to be over. Methods without training lack none.
bool lacks_seeds(const Accuracy& accuracy, const std::vector<int64_t>& seeds);

/// "† coop: average over 7 of 9 datasets, without dtd, sun397"; nothing where none is missing.
std::vector<std::string> note_missing_datasets(const std::string& label,
                                               const std::vector<std::string>& missing, size_t datasets);

/// "† coop: seeds 1, 2 of 1, 2, 3 on dtd" for each set of seeds that lacks some. `found`: places, such as
/// datasets, and the accuracies there.
std::vector<std::string> note_missing_seeds(const std::string& label,
                                            const std::vector<std::pair<std::string, const Accuracy*>>& found,
                                            const std::vector<int64_t>& seeds);

/// "cannot: linear_probe: has no weights for ..." for each reason of a cell that says so.
std::vector<std::string> note_refusals(const std::set<std::string>& reasons);

/// "places: 7 to 13 of 16 shots: classes with fewer training images"; nothing where all have enough.
std::vector<std::string> note_small_classes(const std::string& dataset, int64_t shots,
                                            const ShotRange& found);

/// Appends what another list holds and this one does not.
void append(std::vector<std::string>& notes, const std::vector<std::string>& others);

}  // namespace promptbed
