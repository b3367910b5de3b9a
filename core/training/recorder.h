#pragma once

#include <promptbed/prompt_learner.h>
#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>

namespace promptbed {

/// Work on a device that can be done again, on the same memory and without the host's part in it.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

/// Records work on a device: on GPUs as CUDA graphs. While one exists, all work of its thread goes to the
/// device in one queue.
class Recorder {
 public:
  virtual ~Recorder() = default;

  /// Does `work` once and records it. What it allocates stays allocated while the recording exists. Throws if
  /// the work cannot be recorded, such as one that copies between the CPU and the device.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& work) = 0;
};

/// One for the steps of a learner, bound to a task on the device. Null if the learner does not offer steps
/// that can be repeated, and on devices that record nothing: the CPU, and GPUs without libpromptbed_cuda.so.
std::unique_ptr<Recorder> make_recorder(const PromptLearner& learner, torch::Device device);

/// libpromptbed_cuda.so exports this function, for a device with its index or, with -1, the present one. The
/// caller owns what it returns.
using MakeCudaRecorder = Recorder*(int device_index);
inline constexpr const char* kMakeCudaRecorder = "promptbed_make_cuda_recorder";

/// Why nothing is recorded on GPUs: what is wrong with that library; "" if it is there.
std::string fault_of_cuda_recorder();

}  // namespace promptbed
