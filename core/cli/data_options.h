#pragma once

#include "cli/options.h"
#include "data/draws/class_sets.h"
#include "data/draws/draw_changes.h"
#include "data/suites/chosen_datasets.h"

namespace promptbed {

/// Fills in what data_options() selects, and which datasets: ids and paths, separated by commas, or all.
/// Without
/// --suite, datasets that the usual suite lacks and another has are that one's.
void read_data_options(DataSpec& spec, const Values& values, const std::string& datasets);

/// The suite that --suite names; by default pocket, which is embedded, or paper if --data is given.
std::string chosen_suite(const Values& values);

/// What --label-noise and --imbalance do to draws. Throws Error for a value that is not possible.
DrawChanges read_draw_changes(const Values& values);

/// Whether --imagenet-val takes ImageNet's validation images from its training images.
bool validates_on_training(const Values& values);

/// The one dataset that was chosen. Throws Error if there are several.
const DatasetSpec& only_dataset(const ChosenDatasets& chosen);

/// Which of a dataset's classes --class-set selects. Throws Error for an unknown value.
ClassSet class_set_of(const Values& values);

/// Prints the notes of a split on standard error.
void print_notes(const Split& split);

}  // namespace promptbed
