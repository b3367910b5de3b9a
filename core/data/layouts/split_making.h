#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/layouts/split.h"

namespace promptbed {

/// How the reference divides a dataset that comes undivided. Both functions start from seed 1, go class by
/// class, shuffle like Python's random.shuffle and round like Python's round (half to even).

/// The images of one class, in the order found.
struct ClassImages {
  int64_t label = 0;
  std::string class_name;
  std::vector<std::string> paths;
};

/// 50 % of each class for training, 20 % for validation, the rest for testing.
Split divide_classes(const std::vector<ClassImages>& classes);

/// Moves 20 % of each class from the training to the validation list. Classes come in order of first
/// appearance.
void hold_out_validation(Split& split);

}  // namespace promptbed
