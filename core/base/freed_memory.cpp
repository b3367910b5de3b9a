#include "base/freed_memory.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace promptbed {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int kLargestKept = 32 << 20;  // bytes of one block; larger ones come and go with their pages
  ::mallopt(M_MMAP_THRESHOLD, kLargestKept);
  ::mallopt(M_TRIM_THRESHOLD, 4 * kLargestKept);
#endif
}

}  // namespace promptbed
