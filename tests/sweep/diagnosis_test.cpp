#include "sweep/diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "base/blas.h"
#include "base/files.h"
#include "base/installation.h"
#include "base/machine.h"
#include "base/processes.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

TEST(Diagnosis, KnowsTheReferenceBlasFromOthersOfThatName) {
  for (const char* slow : {"blas/libblas.so.3.11.0", "x86_64-linux-gnu/libblas.so.3"})
    EXPECT_NE(remedy_for_blas({slow, ""}).find("apt install libopenblas0-openmp"), std::string::npos) << slow;
  for (const char* fast : {"openblas-openmp/libblas.so.3", "openblas-pthread/libopenblasp-r0.3.21.so",
                           "blis-openmp/libblas.so.3", "lib/libmkl_rt.so.2", "built into LibTorch"})
    EXPECT_EQ(remedy_for_blas({fast, ""}), "") << fast;
}

TEST(Diagnosis, KnowsKernelsForOldProcessors) {
  const Blas blas{"openblas-openmp/libblas.so.3", "Prescott"};
  EXPECT_EQ(remedy_for_blas(blas).starts_with("kernels for Prescott are"), has_avx2());
  EXPECT_EQ(remedy_for_blas({blas.library, suitable_kernels()}), "");
}

TEST(Diagnosis, NamesFileSystemsByWhatIsThere) {
  EXPECT_EQ(file_system_of("/proc/self"), "0x9fa0");
  EXPECT_EQ(file_system_of("/proc/self/no/such/folder"), "0x9fa0") << "the nearest folder that is there";
  EXPECT_TRUE(is_shared("nfs"));
  EXPECT_FALSE(is_shared("ext4"));
}

TEST(Diagnosis, HasARemedyForEachShortfall) {
  const test::ScratchFolder scratch;
  write_file(scratch / "plugins/broken.so", "no library");
  const auto findings = diagnose({.ledger = scratch / "runs/promptbed.db",
                                  .cache = scratch / "runs/cache",
                                  .plugins = {scratch / "plugins"}});
  const auto of = [&](const std::string& subject) {
    const auto found = std::ranges::find(findings, subject, &MachineFinding::subject);
    EXPECT_NE(found, findings.end()) << subject;
    return found == findings.end() ? MachineFinding() : *found;
  };
  for (const char* subject :
       {"promptbed", "processor", "memory", "LibTorch", "BLAS", "GPUs", "ledger", "plots"})
    EXPECT_FALSE(of(subject).value.empty()) << subject;
  EXPECT_TRUE(of("ledger").value.starts_with((scratch / "runs/promptbed.db").string() + " on "));
  const auto broken = std::ranges::find_if(findings, [](const MachineFinding& finding) {
    return finding.value.find("broken.so") != std::string::npos;
  });
  ASSERT_NE(broken, findings.end());
  EXPECT_EQ(broken->remedy, "fix it, or remove it from the folder");
}

TEST(DoctorCommand, NamesTheDriversGpus) {
  const test::ScratchFolder scratch;
  const auto gpus = [&](const std::string& driver) {
    write_file(scratch / "nvidia-smi", driver);
    std::filesystem::permissions(scratch / "nvidia-smi", std::filesystem::perms::owner_all);
    const std::string path = scratch.path().string() + ":/usr/bin:/bin";
    const test::Finished told =
        test::run_runner(scratch.path(), {"PATH=" + path}, {"doctor", "--format", "json"});
    for (const auto& finding : nlohmann::json::parse(told.out)) {
      if (finding.at("subject") == "GPUs") return finding;
    }
    return nlohmann::json();
  };
  const auto two = gpus("#!/bin/sh\necho 'NVIDIA A100, 81920 MiB'\necho 'NVIDIA T4, 15360 MiB'\n");
  const std::string value = two.at("value"), remedy = two.at("remedy");
  EXPECT_NE(value.find("NVIDIA A100, 81920 MiB; NVIDIA T4, 15360 MiB"), std::string::npos) << two;
  EXPECT_EQ(remedy.empty(), !value.starts_with("none")) << two;
  const auto none = gpus("#!/bin/sh\necho 'no driver'\nexit 9\n");
  EXPECT_EQ(none.at("remedy"), "") << none;
}

/// `doctor` with an OpenBLAS that falls back, as `runner` or `runner-tensors`, and how often the latter was
/// started.
struct FallenBack {
  std::string told;
  int64_t starts = 0;
};

FallenBack doctor_of(const std::string& program, const std::string& core_type) {
  const test::ScratchFolder scratch;
  const std::string log = (scratch / "programs.txt").string();
  const ProgramEnd end =
      run_program({"env", core_type, std::string("LD_PRELOAD=") + PROMPTBED_FIXTURES + "/older_openblas.so",
                   "OPENBLAS_LOG=" + log, (program_folder() / program).string(), "doctor"},
                  "");
  std::istringstream programs(read_file(log));
  FallenBack seen{.told = end.output};
  for (std::string name; std::getline(programs, name);) seen.starts += name == "runner-tensors" ? 1 : 0;
  return seen;
}

TEST(DoctorCommand, RunsWithKernelsForThisProcessorUnlessTheUserHasChosen) {
  if (!has_avx2() || !loaded_blas().is_openblas())
    GTEST_SKIP() << "there is no OpenBLAS, or nothing better than its kernels without AVX";
  const std::string unset = "--unset=OPENBLAS_CORETYPE", suitable = " (" + suitable_kernels() + ")\n";
  for (const auto& [program, starts] : {std::pair("runner", 1), std::pair("runner-tensors", 2)}) {
    const FallenBack mended = doctor_of(program, unset);
    EXPECT_NE(mended.told.find(suitable), std::string::npos) << program << mended.told;
    EXPECT_EQ(mended.told.find("OPENBLAS_CORETYPE"), std::string::npos) << "left to children" << mended.told;
    EXPECT_EQ(mended.starts, starts) << program;
  }
  const FallenBack chosen = doctor_of("runner", "OPENBLAS_CORETYPE=Prescott");
  EXPECT_NE(chosen.told.find(" (Prescott)\n"), std::string::npos) << chosen.told;
  EXPECT_NE(chosen.told.find("slower than this processor's: unset OPENBLAS_CORETYPE\n"), std::string::npos)
      << chosen.told;
}

TEST(DoctorCommand, ExitsWithOneIfThereIsAShortfall) {
  const test::ScratchFolder scratch;
  write_file(scratch / "plugins/broken.so", "no library");
  const test::Finished sick = test::run_runner(scratch.path(), {}, {"doctor", "--plugins", "plugins"});
  EXPECT_EQ(sick.code, 1) << sick.err;
  EXPECT_NE(sick.out.find("! fix it, or remove it from the folder\n"), std::string::npos) << sick.out;
  const test::Finished json = test::run_runner(scratch.path(), {}, {"doctor", "--format", "json"});
  const auto findings = nlohmann::json::parse(json.out);
  EXPECT_EQ(findings.at(0).at("subject"), "promptbed");
  const bool all_well =
      std::ranges::all_of(findings, [](const auto& finding) { return finding.at("remedy") == ""; });
  EXPECT_EQ(json.code, all_well ? 0 : 1);
}

}  // namespace
}  // namespace promptbed
