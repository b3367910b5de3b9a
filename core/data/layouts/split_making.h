#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/layouts/split.h"

namespace promptbed {

/// How the reference divides a dataset that comes undivided. Both start from seed 1, go class by class,
/// shuffle as Python's random.shuffle and round as Python's round (half to even).

/// The images of one class, in the order in which they are found.
struct ClassImages {
  int64_t label = 0;
  std::string class_name;
  std::vector<std::string> paths;
};

/// 50 % of each class for training, 20 % for validation, the rest for the test.
Split divide_classes(const std::vector<ClassImages>& classes);

/// Takes 20 % of each class out of the training list, for validation. Classes come in order of first
/// appearance.
void hold_out_validation(Split& split);

}  // namespace promptbed
