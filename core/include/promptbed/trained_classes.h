#pragma once

#include <promptbed/export.h>
#include <promptbed/task.h>

#include <string>

namespace promptbed {

/// Where each of the class names stands among those that were trained on: int64 [K], on the task's device.
/// For methods that serve trained classes only, all or some of them. Throws NotTransferable, telling what the
/// method lacks ("weights"), where a name is not among them.
PROMPTBED_EXPORT Tensor trained_labels(const Task& task, const ClassNames& class_names,
                                       const std::string& lacking);

}  // namespace promptbed
