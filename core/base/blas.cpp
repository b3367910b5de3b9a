#include "base/blas.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

/// Says that OPENBLAS_CORETYPE is our own choice, to the program that starts with it.
constexpr const char* kChosenVariable = "PROMPTBED_CHOSE_KERNELS";

/// Kernels of OpenBLAS without AVX, as it names them.
constexpr std::array kWithoutAvx = {"Prescott", "Core2",     "Penryn", "Dunnington",
                                    "Nehalem",  "Barcelona", "Bobcat"};

bool user_chose_kernels() {
  const char* value = std::getenv(kKernelsVariable);
  return value != nullptr && *value != '\0';
}

/// Sets the variables if OpenBLAS has fallen back; returns whether it did.
bool choose_if_fallen_back() {
  if (!are_fallback(loaded_blas().kernels)) return false;
  return ::setenv(kKernelsVariable, suitable_kernels().c_str(), 1) == 0 &&
         ::setenv(kChosenVariable, "1", 1) == 0;
}

}  // namespace

Blas loaded_blas() {
  const std::string library = library_with("sgemm_");
  if (library.empty()) return {.library = "built into LibTorch", .kernels = ""};
  Blas blas{.library = library, .kernels = ""};
  using Name = const char*();
  auto* const name = reinterpret_cast<Name*>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  // An OpenBLAS may be there for its LAPACK alone.
  if (blas.is_openblas() && name != nullptr) blas.kernels = name();
  return blas;
}

std::string to_string(const Blas& blas) {
  return blas.kernels.empty() ? blas.library : fmt::format("{} ({})", blas.library, blas.kernels);
}

std::string suitable_kernels() {
  if (has_avx512()) return "SkylakeX";
  return has_avx2() ? "Haswell" : "";
}

bool are_fallback(const std::string& kernels) {
  return std::ranges::count(kWithoutAvx, kernels) > 0 && !suitable_kernels().empty();
}

void restart_with_suitable_kernels(char** words) {
  if (std::getenv(kChosenVariable) != nullptr) {
    ::unsetenv(kKernelsVariable);
    ::unsetenv(kChosenVariable);
    return;
  }
  if (user_chose_kernels() || !choose_if_fallen_back()) return;
  std::error_code failure;
  const auto itself = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (!failure) ::execv(itself.c_str(), words);
  // The program goes on with the slow kernels, of which `doctor` tells.
  ::unsetenv(kKernelsVariable);
  ::unsetenv(kChosenVariable);
}

void prepare_suitable_kernels() {
  if (user_chose_kernels() || suitable_kernels().empty()) return;
  ::dlopen("libblas.so.3", RTLD_LAZY | RTLD_GLOBAL);
  choose_if_fallen_back();
}

}  // namespace promptbed
