#include "sweep/host.h"

#include <dlfcn.h>
#include <sys/resource.h>
#include <torch/version.h>
#include <unistd.h>

#include <fstream>

#include "base/process.h"
#include "base/version.h"

namespace promptbed {
namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

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

int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5)
}

}  // namespace promptbed
