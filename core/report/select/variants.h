#pragma once

#include <string>
#include <vector>

#include "results/run_spec.h"

namespace promptbed {

/// Tells apart the variants of one method: for each spec the settings in which it differs from others, as few
/// as do, such as "n_ctx=16"; "" for all where there is one variant. Specs with equal labels are the same
/// variant.
///
/// Dataset, split, shots, seed and model make no variant. Nor do, between different datasets or shots, a
/// recipe (the reference trains fewer epochs on ImageNet, and with fewer shots) and, between datasets,
/// options where their template or context words differ (an option may follow them).
std::vector<std::string> variant_labels(const std::vector<RunSpec>& specs);

}  // namespace promptbed
