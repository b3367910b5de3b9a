#pragma once

#include <map>
#include <string>
#include <vector>

#include "table/table.h"

namespace promptbed::bench {

/// Registers a benchmark for a training step of every method that the host's loop trains, on two text towers:
/// ViT-B/16's with random weights and 50 classes, and the embedded model's on `devices`. The images of a step
/// are those of the method's recipe.
void register_method_steps();

/// Seconds of each repetition by benchmark name -> a row for each method that ran on both towers: what it
/// learns, its steps beside CoOp's, and the time of all steps that its recipe makes of the larger task, which
/// has the sizes of Caltech101's base classes at 16 shots. No rows if CoOp did not run.
Table method_steps_table(const std::map<std::string, std::vector<double>>& measured);

}  // namespace promptbed::bench
