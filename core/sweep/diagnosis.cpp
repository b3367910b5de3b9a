#include "sweep/diagnosis.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/vfs.h>
#include <torch/cuda.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>

#include "base/blas.h"
#include "base/installation.h"
#include "base/machine.h"
#include "base/processes.h"
#include "base/text.h"
#include "methods/method_registry.h"
#include "table/table.h"
#include "training/recorder.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr double kGigabyte = 1e9;
constexpr double kLittleMemory = 4e9, kLittleSpace = 2e9;  // bytes

/// Numbers of statfs(2), as linux/magic.h and the file systems' own sources have them.
const std::map<uint64_t, const char*> kFileSystems = {
    {0xEF53, "ext4"},        {0x58465342, "xfs"},    {0x9123683E, "btrfs"}, {0x01021994, "tmpfs"},
    {0x794C7630, "overlay"}, {0x2FC12FC1, "zfs"},    {0x6969, "nfs"},       {0x0BD00BD0, "lustre"},
    {0x47504653, "gpfs"},    {0x19830326, "beegfs"}, {0xFF534D42, "cifs"},  {0xFE534D42, "smb2"},
    {0x00C36400, "ceph"},    {0x65735546, "fuse"},   {0x01021997, "9p"},    {0x4D44, "vfat"},
    {0x7461636F, "ocfs2"},   {0x01161970, "gfs2"},   {0x5346414F, "afs"},   {0x2011BAB0, "exfat"}};
const std::set<std::string> kShared = {"nfs",  "lustre", "gpfs", "beegfs", "cifs", "smb2",
                                       "ceph", "ocfs2",  "gfs2", "afs",    "fuse", "9p"};

std::string gigabytes(double bytes) {
  return fmt::format("{:.1f} GB", bytes / kGigabyte);
}

/// A line of /proc/meminfo, in bytes.
std::optional<double> memory_of(const std::string& name) {
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with(name + ":")) return 1024 * std::strtod(line.c_str() + name.size() + 1, nullptr);
  }
  return std::nullopt;
}

MachineFinding processor() {
  std::string can;
  if (has_avx512()) can += ", AVX-512";
  if (has_bf16_products()) can += ", bf16 products";
  return {"processor",
          fmt::format("{}, {}{}", processor_name(), plural(std::thread::hardware_concurrency(), "core"), can),
          ""};
}

MachineFinding memory() {
  const auto total = memory_of("MemTotal"), free = memory_of("MemAvailable");
  if (!total || !free) return {"memory", "unknown", ""};
  return {
      "memory", fmt::format("{}, {} of it free", gigabytes(*total), gigabytes(*free)),
      *free < kLittleMemory ? "ViT-B/16 takes 1 to 4 GB a job: give --jobs 1, or close other programs" : ""};
}

MachineFinding libtorch() {
  return {"LibTorch",
          fmt::format("{}, oneDNN {}", TORCH_VERSION, at::hasMKLDNN() ? "is in it" : "is not in it"), ""};
}

MachineFinding blas() {
  const Blas blas = loaded_blas();
  return {"BLAS", to_string(blas), remedy_for_blas(blas)};
}

/// Variables that make OpenBLAS take kernels for another processor. Our own choice is no longer among them
/// (restart_with_suitable_kernels()).
void add_openblas_variables(std::vector<MachineFinding>& findings) {
  for (const char* variable : {kKernelsVariable, "OPENBLAS_L2_SIZE"}) {
    if (const char* value = std::getenv(variable))
      findings.push_back(
          {variable, value, "it may slow OpenBLAS: unset it, unless you know why it is there"});
  }
}

/// Asks the driver, which may hang or, broken, talk without end.
constexpr const char* kAskDriver =
    "timeout -k 1 10 nvidia-smi --query-gpu=name,memory.total --format=csv,noheader | head -c 4000";

/// "NVIDIA A100-SXM4-80GB, 81920 MiB; ...": those that the driver has; "" if there is none, or no answer.
std::string gpus_of_driver() {
  std::string names;
  try {
    std::istringstream lines(run_program({"sh", "-c", kAskDriver}, "").output);
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with(" MiB")) names.append(names.empty() ? "" : "; ").append(line);
    }
  } catch (const Error&) {
    // It cannot be asked: as good as no answer.
  }
  return names;
}

MachineFinding gpus() {
  const std::string known = gpus_of_driver();
  if (!c10::impl::hasDeviceGuardImpl(torch::kCUDA)) {
    if (known.empty()) return {"GPUs", "none: this LibTorch is for the CPU", ""};
    return {"GPUs", fmt::format("none that this LibTorch, which is for the CPU, can use ({})", known),
            "build with the LibTorch of a PyTorch to use them: docs/gpu.md"};
  }
  const size_t devices = torch::cuda::device_count();
  const std::string driver = known.empty() ? "" : fmt::format(" (the driver has {})", known);
  if (devices == 0) {
    return {"GPUs", "none that CUDA sees" + driver,
            known.empty() ? ""
                          : "look at CUDA_VISIBLE_DEVICES, and at whether the driver is new enough for this "
                            "LibTorch"};
  }
  const std::string fault = fault_of_cuda_recorder();
  return {"GPUs",
          fmt::format(
              "{}{}; --device cuda shares them out among the --jobs of a sweep, and {}", devices, driver,
              fault.empty() ? "CUDA graphs repeat training steps" : "each training step is computed anew"),
          fault.empty() ? "" : fault + "; build or install it for CUDA graphs: docs/gpu.md"};
}

fs::path nearest_folder(fs::path path) {
  std::error_code failure;
  path = fs::absolute(path, failure);
  while (!fs::is_directory(path, failure) && path.has_relative_path()) path = path.parent_path();
  return path;
}

MachineFinding drive(const std::string& subject, const fs::path& path, const std::string& remedy_if_shared) {
  const std::string kind = file_system_of(path);
  std::error_code failure;
  const fs::path folder = nearest_folder(path);
  const auto space = fs::space(folder, failure);
  std::string remedy;
  if (::access(folder.c_str(), W_OK) != 0) {
    remedy = "it may not be written here: correct its permissions, or choose another path";
  } else if (!failure && static_cast<double>(space.available) < kLittleSpace) {
    remedy = "free some space, or choose another drive";
  } else if (is_shared(kind)) {
    remedy = remedy_if_shared;
  }
  return {
      subject,
      fmt::format("{} on {}{}", path.string(), kind,
                  failure ? "" : fmt::format(", {} free", gigabytes(static_cast<double>(space.available)))),
      remedy};
}

void add_plugins(const DiagnosisSpec& spec, std::vector<MachineFinding>& findings) {
  const MethodRegistry registry(plugin_folders(spec.plugins));
  std::set<std::string> files;
  for (const Method& method : registry.methods()) files.insert(method.file.string());
  const size_t methods = registry.methods().size();
  findings.push_back({"plugins",
                      fmt::format("{} with {}", plural(files.size(), "plugin"), plural(methods, "method")),
                      methods == 0 ? "build them (cmake --build), or name their folder with --plugins" : ""});
  for (const std::string& complaint : registry.complaints())
    findings.push_back({"plugins", complaint, "fix it, or remove it from the folder"});
}

MachineFinding plots() {
  const bool has = has_program("gnuplot");
  return {"plots", has ? "gnuplot is there" : "gnuplot is not there",
          has ? "" : "`runner report --format html` and --plot need it: apt install gnuplot-nox"};
}

}  // namespace

std::vector<MachineFinding> diagnose(const DiagnosisSpec& spec) {
  std::vector<MachineFinding> findings = {
      {"promptbed",
       fmt::format("{} ({}{})", release_version(), code_version(), code_is_dirty() ? ", with changes" : ""),
       ""},
      processor(),
      memory(),
      libtorch(),
      blas()};
  add_openblas_variables(findings);
  findings.push_back(gpus());
  findings.push_back(
      drive("ledger", spec.ledger,
            "SQLite's locks cannot be relied on there: let one machine at a time write it, and give others "
            "runs by --executor slurm or --shard"));
  findings.push_back(drive("cache", spec.cache, ""));
  add_plugins(spec, findings);
  findings.push_back(plots());
  return findings;
}

std::string remedy_for_blas(const Blas& blas) {
  if (are_fallback(blas.kernels)) {
    return fmt::format(
        "kernels for {} are three to five times slower than this processor's: {}", blas.kernels,
        std::getenv(kKernelsVariable) != nullptr ? "unset OPENBLAS_CORETYPE" : "install a newer OpenBLAS");
  }
  const fs::path path = blas.library;
  // Debian's own lies in "blas", or is the link's last target; other ones have folders of their own names.
  const std::string folder = path.parent_path().filename().string();
  const bool is_reference = folder == "blas" || folder == "lib" || folder.ends_with("-linux-gnu");
  if (!path.filename().string().starts_with("libblas.so") || !is_reference) return "";
  return "this is the reference BLAS, some thirty times slower than OpenBLAS: apt install "
         "libopenblas0-openmp";
}

std::string file_system_of(const fs::path& path) {
  struct statfs found {};
  if (::statfs(nearest_folder(path).c_str(), &found) != 0) return "unknown";
  const auto number = static_cast<uint64_t>(found.f_type) & 0xFFFFFFFF;
  const auto known = kFileSystems.find(number);
  return known == kFileSystems.end() ? fmt::format("{:#x}", number) : known->second;
}

bool is_shared(const std::string& file_system) {
  return kShared.contains(file_system);
}

}  // namespace promptbed
