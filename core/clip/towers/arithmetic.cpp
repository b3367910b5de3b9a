#include "clip/towers/arithmetic.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace promptbed {

void set_arithmetic(int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

}  // namespace promptbed
