#pragma once

#include <promptbed/task.h>

#include "methods/method_check.h"

namespace promptbed {

/// A setting as a sweep meets it: the first dataset of the embedded suite, base-new, 16 shots. Throws Error
/// where no suite is embedded.
Setting typical_setting();

/// Tasks on the embedded model's text tower, with some base and some new classes of that dataset and two made
/// images a class, in two views: the class's own text feature with noise. Throws the same.
CheckTasks typical_tasks();

}  // namespace promptbed
