#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace promptbed {

/// Which datasets, and where they are.
struct DataSpec {
  std::string suite;
  /// "all", or, with commas between: ids of the suite, and paths of a user's own datasets.
  std::string datasets = "all";
  std::filesystem::path data;    ///< holds the datasets' folders; empty: the suite's own
  std::filesystem::path suites;  ///< the folder that holds the suites
  std::filesystem::path cache;   ///< of splits that were made and listings; empty: nothing is kept

  std::filesystem::path templates;       ///< the user's templates by dataset (given_names.h); empty: none
  std::filesystem::path class_names;     ///< the user's class names by dataset; empty: none
  std::set<std::string> elsewhere = {};  ///< datasets of another choice, which those files may name too
};

}  // namespace promptbed
