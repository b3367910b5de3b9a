#include "base/blas.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/machine.h"

namespace promptbed {
namespace {

/// The file of the library that has the symbol; "" if none has.
std::string library_with(const char* symbol) {
  const void* address = ::dlsym(RTLD_DEFAULT, symbol);
  Dl_info info{};
  if (address == nullptr || ::dladdr(address, &info) == 0) return "";
  std::error_code failure;
  const auto file = std::filesystem::canonical(info.dli_fname, failure);
  return failure ? info.dli_fname : (file.parent_path().filename() / file.filename()).string();
}

/// Whether it was necessary, and is done.
bool name_kernels_instead_of_outdated() {
  constexpr const char* kVariable = "OPENBLAS_CORETYPE";
  if (std::getenv(kVariable) != nullptr || !are_outdated(loaded_blas().kernels)) return false;
  return ::setenv(kVariable, suitable_kernels().c_str(), 1) == 0;
}

}  // namespace

Blas loaded_blas() {
  const std::string library = library_with("sgemm_");
  if (library.empty()) return {.library = "built into LibTorch", .kernels = ""};
  using Name = const char*();
  auto* const name = reinterpret_cast<Name*>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return {.library = library, .kernels = name == nullptr ? "" : name()};
}

std::string to_string(const Blas& blas) {
  return blas.kernels.empty() ? blas.library : fmt::format("{} ({})", blas.library, blas.kernels);
}

std::string suitable_kernels() {
  if (has_avx512()) return "SkylakeX";
  return has_avx2() ? "Haswell" : "";
}

bool are_outdated(const std::string& kernels) {
  const bool are_the_last_resort = kernels == "Prescott" || kernels == "Barcelona";  // Intel's and AMD's
  return are_the_last_resort && !suitable_kernels().empty();
}

void leave_outdated_kernels(char** words) {
  if (name_kernels_instead_of_outdated()) ::execv("/proc/self/exe", words);
  // If it cannot be started again, it goes on, slowly.
}

void name_suitable_kernels() {
  ::dlopen("libblas.so.3", RTLD_LAZY | RTLD_GLOBAL);
  name_kernels_instead_of_outdated();
}

}  // namespace promptbed
