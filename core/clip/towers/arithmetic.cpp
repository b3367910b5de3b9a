#include "clip/towers/arithmetic.h"

#include <ATen/Context.h>
#include <torch/version.h>

#include <cstdlib>

namespace promptbed {

void settle_arithmetic(const Placement& placement) {
  at::Context& context = at::globalContext();
  const bool rounds = placement.precision == Precision::tf32;
  context.setAllowTF32CuDNN(rounds);
  context.setAllowTF32CuBLAS(rounds);
  // Sums of products of 16 bits stay in f32.
  context.setAllowFP16ReductionCuBLAS(false);
#if TORCH_VERSION_MAJOR >= 2
  context.setAllowBF16ReductionCuBLAS(false);
#endif
  if (!placement.device.is_cuda()) return;
  // Without it cuBLAS may choose among workspaces, and with them among orders of summation.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*replace=*/0);
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  // It costs time, and nothing here reads such memory.
  context.setDeterministicFillUninitializedMemory(false);
#endif
}

}  // namespace promptbed
