#include "sweep/execution.h"

#include <dlfcn.h>
#include <torch/version.h>

#include <filesystem>
#include <system_error>

#include "base/installation.h"
#include "base/machine.h"
#include "base/processes.h"

namespace promptbed {
namespace {

/// The library that matrix products really go to: libblas stands for different ones on different machines.
std::string blas_library() {
  const void* symbol = ::dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info{};
  if (symbol == nullptr || ::dladdr(symbol, &info) == 0) return "built into LibTorch";
  std::error_code failure;
  const auto file = std::filesystem::canonical(info.dli_fname, failure);
  return failure ? info.dli_fname : (file.parent_path().filename() / file.filename()).string();
}

}  // namespace

Execution describe_execution(const BenchSpec& spec, const std::string& code) {
  Execution execution;
  execution.host = this_process().host;
  execution.processor = processor_name();
  execution.threads = spec.threads;
  execution.precision = to_string(spec.placement.precision);
  execution.torch_version = TORCH_VERSION;
  execution.blas = blas_library();
  execution.code_version = code_version();
  execution.dirty = code_is_dirty();
  execution.plugin_hash = code;
  return execution;
}

}  // namespace promptbed
