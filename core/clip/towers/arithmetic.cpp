#include "clip/towers/arithmetic.h"

#include <ATen/Context.h>

namespace promptbed {

void compute_in_full() {
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

}  // namespace promptbed
