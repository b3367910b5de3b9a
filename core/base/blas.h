#pragma once

#include <string>

namespace promptbed {

/// What this process multiplies matrices with.
struct Blas {
  /// The library that products really go to, as its folder and file: "openblas-openmp/libblas.so.3". What is
  /// called libblas stands for different ones on different machines.
  std::string library;
  /// OpenBLAS's name for the processor whose kernels it has taken, "SkylakeX"; "" for other libraries.
  std::string kernels;

  bool is_openblas() const { return library.find("openblas") != std::string::npos; }
};

/// The one that is loaded.
Blas loaded_blas();

/// "openblas-openmp/libblas.so.3 (SkylakeX)".
std::string to_string(const Blas& blas);

/// The variable that tells OpenBLAS which kernels to take. It is read while the library is loaded.
inline constexpr const char* kKernelsVariable = "OPENBLAS_CORETYPE";

/// Kernels of OpenBLAS that this processor can run: "SkylakeX", "Haswell"; "" if it has no AVX2.
std::string suitable_kernels();

/// Whether they are kernels without AVX on a processor with AVX2. OpenBLAS falls back to those for processors
/// newer than itself, and is three to five times slower with them (docs/performance.md).
bool are_fallback(const std::string& kernels);

/// Starts this program again with suitable kernels if OpenBLAS has fallen back. A choice of the user's, in
/// OPENBLAS_CORETYPE, stays; ours is taken out of the environment once the library has read it, since what
/// this process starts may run on other machines. Programs call it first thing, with the words of their
/// main(): runner, the benchmarks, the pre-training and the tests.
void restart_with_suitable_kernels(char** words);

/// Has the next program that this process becomes start with suitable kernels at once, so that it need not
/// load LibTorch twice. For a program that has no BLAS: it loads the system's to ask it, in 2 ms.
void prepare_suitable_kernels();

}  // namespace promptbed
