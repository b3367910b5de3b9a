// To be preloaded: an OpenBLAS that does not know this processor, unless OPENBLAS_CORETYPE names one when it
// is loaded. Each program that loads it adds a line with the name of its file to the file OPENBLAS_LOG.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

std::string& kernels() {
  static std::string taken;
  return taken;
}

[[gnu::constructor]] void load() {
  const char* named = std::getenv("OPENBLAS_CORETYPE");
  kernels() = named == nullptr ? "Prescott" : named;
  const char* path = std::getenv("OPENBLAS_LOG");
  std::FILE* log = path == nullptr ? nullptr : std::fopen(path, "a");
  if (log == nullptr) return;
  std::fprintf(log, "%s\n", std::filesystem::read_symlink("/proc/self/exe").filename().c_str());
  std::fclose(log);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): OpenBLAS's name.
extern "C" const char* openblas_get_corename() {
  return kernels().c_str();
}
