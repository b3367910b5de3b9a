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

/// Class names as bytes, uint8 [n], each ended by a line feed: for the state of a method that must know its
/// trained classes when it is loaded into a learner that is bound to others.
PROMPTBED_EXPORT Tensor bytes_of_names(const ClassNames& class_names);

/// The reverse.
PROMPTBED_EXPORT ClassNames names_in_bytes(const Tensor& bytes);

}  // namespace promptbed
