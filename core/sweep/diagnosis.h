#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/blas.h"

namespace promptbed {

/// What a machine offers, or lacks, for sweeps.
struct MachineFinding {
  std::string subject;  ///< "BLAS"
  std::string value;    ///< "openblas-openmp/libblas.so.3 (SkylakeX)"
  std::string remedy;   ///< what to do about it; "" if nothing need be done
};

/// What a sweep on this machine would use.
struct DiagnosisSpec {
  std::filesystem::path ledger;                ///< need not be there
  std::filesystem::path cache;                 ///< of features; need not be there
  std::vector<std::filesystem::path> plugins;  ///< folders, besides the usual ones
};

/// The machine, in the order in which people read it: promptbed, processor, memory, LibTorch and its
/// libraries, GPUs, drives, plugins, programs. Throws nothing: what cannot be found out is a finding.
std::vector<MachineFinding> diagnose(const DiagnosisSpec& spec);

/// What to do about what multiplies matrices: Debian's reference BLAS is some thirty times slower than
/// OpenBLAS, and that is three to five times slower if it does not know the processor. "" if nothing.
std::string remedy_for_blas(const Blas& blas);

/// The kind of file system that a path, or the nearest folder above it that exists, is on: "ext4", "nfs"; its
/// number in hexadecimal if it is an unusual one, and "unknown" if the system does not say.
std::string file_system_of(const std::filesystem::path& path);

/// Whether several machines may see a file system of that kind.
bool is_shared(const std::string& file_system);

}  // namespace promptbed
