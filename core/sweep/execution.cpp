#include "sweep/execution.h"

#include <torch/version.h>

#include "base/blas.h"
#include "base/installation.h"
#include "base/machine.h"
#include "base/processes.h"

namespace promptbed {

Execution describe_execution(const BenchSpec& spec, const std::string& code) {
  Execution execution;
  execution.host = this_process().host;
  execution.processor = processor_name();
  execution.threads = spec.threads;
  execution.precision = to_string(spec.placement.precision);
  execution.torch_version = TORCH_VERSION;
  execution.blas = to_string(loaded_blas());
  execution.code_version = code_version();
  execution.dirty = code_is_dirty();
  execution.plugin_hash = code;
  return execution;
}

}  // namespace promptbed
