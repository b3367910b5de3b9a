#include "sweep/host.h"

#include <dlfcn.h>
#include <torch/version.h>

#include <filesystem>

#include "base/installation.h"
#include "base/machine.h"
#include "base/processes.h"

namespace promptbed {
namespace {

/// The library that matrix products really go to: what the name libblas stands for differs between machines.
std::string blas_library() {
  const void* symbol = ::dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info{};
  if (symbol == nullptr || ::dladdr(symbol, &info) == 0) return "built into LibTorch";
  std::error_code failure;
  const auto file = std::filesystem::canonical(info.dli_fname, failure);
  return failure ? info.dli_fname : (file.parent_path().filename() / file.filename()).string();
}

}  // namespace

Execution describe_execution(const Workbench& bench, const Method& method) {
  Execution execution;
  execution.host = this_process().host;
  execution.processor = processor_name();
  execution.threads = bench.spec().threads;
  execution.precision = to_string(bench.spec().placement.precision);
  execution.torch_version = TORCH_VERSION;
  execution.blas = blas_library();
  execution.code_version = code_version();
  execution.dirty = code_is_dirty();
  execution.plugin_hash = method.file_hash;
  return execution;
}

}  // namespace promptbed
