#include "pair_set.h"

#include <ATen/ATen.h>
#include <ATen/MapAllocator.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"

namespace promptbed::pocket {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemedy = "make the pairs again (tools/pocket/README.md)";

Tensor map_file(const fs::path& path) {
  std::error_code fault;
  const uintmax_t bytes = fs::file_size(path, fault);
  if (fault || bytes == 0) throw Error(fmt::format("{}: is missing or empty; {}", path.string(), kRemedy));
  return torch::from_file(path.string(), /*shared=*/false, static_cast<int64_t>(bytes), torch::kUInt8);
}

Pair parse(const nlohmann::json& line) {
  return {line.at("offset").get<int64_t>(), line.at("planes").get<int64_t>(),
          line.at("name").get<std::string>(), line.at("set").get<std::string>(),
          line.at("category").get<std::string>()};
}

}  // namespace

PairSet::PairSet(const fs::path& folder) : bytes_(map_file(folder / "pictures.bin")) {
  const fs::path list = folder / "pairs.jsonl";
  std::ifstream in(list);
  if (!in) throw Error(fmt::format("{}: cannot be read; {}", list.string(), kRemedy));
  for (std::string line; std::getline(in, line);) {
    try {
      const Pair pair = parse(parse_json(line, list.string()));
      const bool fits = (pair.planes == 1 || pair.planes == 4) && pair.offset >= 0 &&
                        pair.offset + pair.planes * kSide * kSide <= bytes_.size(0);
      if (!fits)
        throw Error(fmt::format("{}: '{}' lies outside pictures.bin; {}", list.string(), line, kRemedy));
      pairs_.push_back(pair);
    } catch (const nlohmann::json::exception&) {
      throw Error(fmt::format("{}: line {} is no pair; {}", list.string(), pairs_.size() + 1, kRemedy));
    }
  }
  if (pairs_.empty()) throw Error(fmt::format("{}: holds no pairs; {}", list.string(), kRemedy));
}

PairSet PairSet::only(std::span<const int64_t> which) const {
  std::vector<Pair> some;
  for (const int64_t index : which) some.push_back((*this)[index]);
  return {std::move(some), bytes_};
}

Tensor PairSet::picture(int64_t index) const {
  const Pair& pair = (*this)[index];
  return bytes_.narrow(0, pair.offset, pair.planes * kSide * kSide).view({pair.planes, kSide, kSide});
}

}  // namespace promptbed::pocket
