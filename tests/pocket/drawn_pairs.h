#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "pair_set.h"
#include "training/epoch_order.h"

namespace promptbed::pocket {

/// A drawing without colours, and its name.
struct DrawnPair {
  std::string name;
  Tensor alpha;  ///< [64, 64] of bytes
};

/// Writes pictures.bin and pairs.jsonl.
inline void write_pairs(const std::filesystem::path& folder, std::span<const DrawnPair> pairs) {
  constexpr size_t kBytes = PairSet::kSide * PairSet::kSide;
  std::string list, bytes;
  for (const auto& [name, alpha] : pairs) {
    list += fmt::format(R"({{"offset":{},"planes":1,"name":"{}","set":"Drawn","category":""}})", bytes.size(),
                        name) +
            "\n";
    bytes.append(reinterpret_cast<const char*>(alpha.data_ptr<uint8_t>()), kBytes);
  }
  write_file(folder / "pairs.jsonl", list);
  write_file(folder / "pictures.bin", bytes);
}

/// So many drawings of dots under each of so many names, "PREFIX 0" and on.
inline std::vector<DrawnPair> dotted_pairs(const std::string& prefix, int64_t names, int64_t of_each) {
  const torch::Generator generator = seeded_generator(1, prefix);
  std::vector<DrawnPair> pairs;
  for (int64_t i = 0; i < names * of_each; ++i) {
    pairs.push_back({fmt::format("{} {}", prefix, i % names),
                     at::randint(0, 256, {PairSet::kSide, PairSet::kSide}, generator, torch::kUInt8)});
  }
  return pairs;
}

}  // namespace promptbed::pocket
