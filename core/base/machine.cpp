#include "base/machine.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <fstream>
#include <map>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace promptbed {
namespace {

#if defined(__x86_64__)
/// A bit of CPUID leaf 7: of EDX in subleaf 0, of EAX in subleaf 1 (Intel's and AMD's manuals).
bool extended_feature(unsigned subleaf, unsigned bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, subleaf, &a, &b, &c, &d) == 0) return false;
  return ((subleaf == 0 ? d : a) >> bit & 1U) != 0;
}
#endif

}  // namespace

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  return processor_name_in(info);
}

std::string processor_name_in(std::istream& cpuinfo) {
  std::map<std::string, std::string> facts;  // of the first processor: "model name" -> "Intel(R) Xeon(R) ..."
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {
    const size_t colon = line.find(": ");
    if (colon != std::string::npos)
      facts[line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1)] = line.substr(colon + 2);
  }
  const std::string& name = facts["model name"];
  if (name.empty()) return "unknown";
  const bool is_numbered = name.find_first_of("0123456789") != std::string::npos;
  const std::string &family = facts["cpu family"], &model = facts["model"];
  if (is_numbered || family.empty() || model.empty()) return name;
  return fmt::format("{} (family {}, model {})", name, family, model);
}

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

bool has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
#else
  return false;
#endif
}

bool has_bf16_products() {
#if defined(__x86_64__)
  constexpr unsigned kAmxBf16 = 22, kAvx512Bf16 = 5;
  // An operating system that does not save AVX-512's registers hides it from __builtin_cpu_supports.
  return has_avx512() && (extended_feature(0, kAmxBf16) || extended_feature(1, kAvx512Bf16));
#else
  return false;
#endif
}

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int kLargestKept = 32 << 20;  // bytes of one block; larger ones are mapped and unmapped
  ::mallopt(M_MMAP_THRESHOLD, kLargestKept);
  ::mallopt(M_TRIM_THRESHOLD, 4 * kLargestKept);
#endif
}

int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5)
}

}  // namespace promptbed
