#include "clip/towers/arithmetic.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace promptbed {

void compute_in_full() {
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

void set_arithmetic(int64_t threads) {
  compute_in_full();
  at::set_num_threads(static_cast<int>(threads));
}

}  // namespace promptbed
