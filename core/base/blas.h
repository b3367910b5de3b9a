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
};

/// The one that is loaded.
Blas loaded_blas();

/// "openblas-openmp/libblas.so.3 (SkylakeX)".
std::string to_string(const Blas& blas);

/// Kernels of OpenBLAS that this processor can run: "SkylakeX", "Haswell"; "" if it has no AVX2.
std::string suitable_kernels();

/// Whether they are those that OpenBLAS falls back to, without AVX, for a processor that is newer than
/// itself: a quarter of its speed (docs/performance.md).
bool are_outdated(const std::string& kernels);

/// Starts this program again with suitable kernels if OpenBLAS has taken outdated ones. OPENBLAS_CORETYPE
/// names them; OpenBLAS reads it while it is loaded. A value that someone has given it stays. Programs call
/// it first thing, with the words of their main().
void leave_outdated_kernels(char** words);

/// Names suitable kernels to the programs that this one starts or becomes, where they are needed, so that
/// LibTorch is not loaded twice. For a program that has no BLAS: it loads the system's to ask it (2 ms).
void name_suitable_kernels();

}  // namespace promptbed
