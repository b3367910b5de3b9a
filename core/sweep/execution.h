#pragma once

#include <string>

#include "results/run_record.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The machine, the libraries and the code; the run fills in phases, cache hits and peak memory.
Execution describe_execution(const BenchSpec& spec, const std::string& code);

}  // namespace promptbed
