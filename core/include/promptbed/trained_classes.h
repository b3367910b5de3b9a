#pragma once

#include <promptbed/export.h>
#include <promptbed/task.h>

#include <string>

namespace promptbed {

/// Labels that the class names had in training: int64 [K], on the task's device. For methods that can serve
/// only classes they were trained on. Throws NotTransferable, naming what the method lacks ("weights"), if a
/// name is not among them.
PROMPTBED_EXPORT Tensor trained_labels(const Task& task, const ClassNames& class_names,
                                       const std::string& lacking);

}  // namespace promptbed
