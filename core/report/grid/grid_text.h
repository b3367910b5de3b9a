#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/grid/grid.h"
#include "report/select/selection.h"

/// What tables of accuracies say in words: in their titles, and in notes on what is missing.
namespace promptbed {

/// What titles say of a grid: ", trained on imagenet, 16 shots".
std::string setting_of(const Grid& grid);

/// ", mean over seeds 1, 2, 3", or with the name of the spread; "" for no seeds.
std::string over_seeds(const std::vector<int64_t>& seeds, Spread spread);

/// ", 16 shots"; "" for nothing.
std::string at_shots(const std::optional<int64_t>& shots);

/// What is missing in a grid, and why: classes that methods refuse, datasets and seeds that means lack,
/// classes with fewer images than shots, and what was left out of the selection; also which methods chose on
/// validation images.
std::vector<std::string> notes_on(const Grid& grid, const RunSelection& selection);

/// Appends the notes that are not there yet.
void append(std::vector<std::string>& notes, const std::vector<std::string>& others);

}  // namespace promptbed
