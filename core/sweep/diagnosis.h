#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// What a machine offers, or lacks, for sweeps.
struct MachineFinding {
  std::string subject;  ///< "BLAS"
  std::string value;    ///< "openblas-openmp/libopenblas.so.0"
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

/// What to do about the library that multiplies matrices, given as blas_library() names it: Debian's
/// reference BLAS is some thirty times slower than OpenBLAS. "" if nothing.
std::string remedy_for_blas(const std::string& library);

/// The kind of file system that a path, or the nearest folder above it that exists, is on: "ext4", "nfs"; its
/// number in hexadecimal if it is an unusual one, and "unknown" if the system does not say.
std::string file_system_of(const std::filesystem::path& path);

/// Whether several machines may see a file system of that kind.
bool is_shared(const std::string& file_system);

}  // namespace promptbed
