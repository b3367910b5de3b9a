#include "base/processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace promptbed {
namespace {

#if defined(__x86_64__)
/// Whether a bit of CPUID leaf 7 is set; `subleaf` 0 has it in EDX, 1 in EAX (Intel's and AMD's manuals).
bool extended_feature(unsigned subleaf, unsigned bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, subleaf, &a, &b, &c, &d) == 0) return false;
  return ((subleaf == 0 ? d : a) >> bit & 1U) != 0;
}
#endif

}  // namespace

bool has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
#else
  return false;
#endif
}

bool has_bf16_products() {
#if defined(__x86_64__)
  constexpr unsigned kAmxBf16 = 22, kAvx512Bf16 = 5;
  // An operating system that does not keep AVX-512's registers hides it from __builtin_cpu_supports.
  return has_avx512() && (extended_feature(0, kAmxBf16) || extended_feature(1, kAvx512Bf16));
#else
  return false;
#endif
}

}  // namespace promptbed
