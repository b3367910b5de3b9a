#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "data/draws/draw_file.h"

namespace promptbed {

/// Draws that the user gave in files, each in place of the one that a dataset, shots and a seed stand for.
class GivenDraws {
 public:
  /// Reads the files. Throws Error for one that is no draw, and for two of the same dataset, shots and seed.
  explicit GivenDraws(const std::vector<std::filesystem::path>& files);

  /// Throws Error for a draw of a dataset, shots or seed that the sweep does not have.
  void check_grid(const std::vector<DatasetSpec>& datasets, const std::vector<int64_t>& shots,
                  const std::vector<int64_t>& seeds) const;

  /// The draw that was given for them, if any. Throws Error where it does not fit the split.
  std::optional<FewShotDraw> find(const std::string& dataset, const Split& split, int64_t shots,
                                  int64_t seed) const;

 private:
  using Cell = std::tuple<std::string, int64_t, int64_t>;  ///< dataset, shots, seed

  struct Given {
    std::filesystem::path file;
    FewShotDraw draw;
  };

  std::map<Cell, Given> given_;
};

}  // namespace promptbed
