// All that promptbed asks of CUDA itself: to record steps as CUDA graphs. A library of its own, loaded where
// a GPU is used, so that nothing else needs LibTorch's CUDA libraries or CUDA's headers.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "training/recorder.h"

namespace promptbed {
namespace {

class CudaRecording final : public Recording {
 public:
  explicit CudaRecording(const std::function<void()>& work) {
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();  // a graph's memory is its own, beside what is cached
    // Other threads may go on allocating pinned memory.
    graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      abandon();
      throw;
    }
    graph_.capture_end();
    graph_.replay();  // nothing was computed so far
  }

  void replay() override { graph_.replay(); }

 private:
  /// What went wrong is known. If it made the capture void, LibTorch leaves its end to us: memory is no
  /// longer taken from the graph's pool, and the stream is of use again.
  void abandon() noexcept {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {
      const c10::DeviceIndex device = c10::cuda::current_device();
      c10::cuda::CUDACachingAllocator::endAllocateToPool(device, pool_);
      c10::cuda::CUDACachingAllocator::releasePool(device, pool_);
    }
  }

  at::cuda::MempoolId_t pool_ = at::cuda::graph_pool_handle();
  at::cuda::CUDAGraph graph_;
};

/// Graphs cannot be recorded in CUDA's default stream, and autograd computes gradients in the stream of the
/// forward pass: so all work is in another one.
class CudaRecorder final : public Recorder {
 public:
  explicit CudaRecorder(c10::DeviceIndex device) : stream_(settled_stream(device)) {}

  ~CudaRecorder() override { C10_CUDA_CHECK_WARN(cudaDeviceSynchronize()); }

  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    return std::make_unique<CudaRecording>(work);
  }

 private:
  /// One that begins when all work so far is done.
  static c10::cuda::CUDAStream settled_stream(c10::DeviceIndex device) {
    const c10::cuda::OptionalCUDAGuard guard(
        device < 0 ? std::nullopt : std::make_optional(c10::Device(c10::DeviceType::CUDA, device)));
    c10::cuda::device_synchronize();
    return c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device);
  }

  c10::cuda::CUDAStreamGuard stream_;
};

}  // namespace
}  // namespace promptbed

extern "C" __attribute__((visibility("default"))) promptbed::Recorder* promptbed_make_cuda_recorder(
    int device_index) {
  return new promptbed::CudaRecorder(static_cast<c10::DeviceIndex>(device_index));
}
