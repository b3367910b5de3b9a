#pragma once

namespace promptbed {

/// What this processor multiplies fast. False where it cannot be told.
bool has_avx512();
bool has_bf16_products();  ///< AVX512-BF16 or AMX

}  // namespace promptbed
