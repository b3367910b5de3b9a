// To be preloaded: an OpenBLAS that does not know this processor, unless OPENBLAS_CORETYPE names it.
#include <cstdlib>

// NOLINTNEXTLINE(readability-identifier-naming): OpenBLAS's name.
extern "C" const char* openblas_get_corename() {
  const char* named = std::getenv("OPENBLAS_CORETYPE");
  return named == nullptr ? "Prescott" : named;
}
