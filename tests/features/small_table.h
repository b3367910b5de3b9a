#pragma once

#include <ATen/ATen.h>

#include <string>

#include "features/cache_key.h"
#include "features/feature_table.h"

namespace promptbed::test {

/// A key for features of width 8.
inline CacheKey small_key(StoredType stored = StoredType::f16) {
  CacheKey key;
  key.model = "0123456789abcdef0123456789abcdef";
  key.preprocessing = {.size = 16, .mean = {0.5F, 0.25F, 0.125F}, .std = {0.5F, 0.3F, 0.1F}};
  key.stored = stored;
  key.dataset = "pets";
  key.width = 8;
  return key;
}

/// Rows of images "<name>0.png", "<name>1.png", ... of view 0, with random features in f32.
inline FeatureTable small_table(int64_t rows, const std::string& name = "cat/") {
  FeatureTable table;
  for (int64_t i = 0; i < rows; ++i) {
    table.rows.push_back({name + std::to_string(i) + ".png", 0, static_cast<uint64_t>(100 + i)});
  }
  table.features = at::randn({rows, 8});
  return table;
}

}  // namespace promptbed::test
