#include "training/recorder.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <boost/dll/shared_library.hpp>
#include <filesystem>
#include <string>
#include <utility>

#include "base/installation.h"
#include "clip/towers/stand_in_device.h"

namespace promptbed {
namespace {

class StandInRecording final : public Recording {
 public:
  explicit StandInRecording(std::function<void()> again) : again_(std::move(again)) {}
  void replay() override { again_(); }

 private:
  std::function<void()> again_;
};

class StandInRecorder final : public Recorder {
 public:
  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    return std::make_unique<StandInRecording>(recorded_on_stand_in_device(work));
  }
};

constexpr const char* kLibrary = "libpromptbed_cuda.so";

/// The library, or why it is not there.
struct CudaLibrary {
  boost::dll::shared_library handle;
  std::string fault;
};

CudaLibrary load_cuda_library() {
  CudaLibrary library;
  for (const char* folder : {".", "../lib"}) {
    const std::filesystem::path file = program_folder() / folder / kLibrary;
    if (!std::filesystem::exists(file)) continue;
    boost::dll::fs::error_code failure;
    library.handle.load(file.string(), failure,
                        boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (!failure) return library;
    const char* const message = ::dlerror();
    library.fault = fmt::format("{} cannot be loaded ({})", kLibrary, message == nullptr ? "" : message);
  }
  if (library.fault.empty()) library.fault = fmt::format("{} is not beside runner", kLibrary);
  return library;
}

/// Loaded once, when it is first asked for.
const CudaLibrary& cuda_library() {
  static const CudaLibrary library = load_cuda_library();
  return library;
}

}  // namespace

std::unique_ptr<Recorder> make_recorder(const PromptLearner& learner, torch::Device device) {
  if (!learner.offers().repeatable_steps) return nullptr;
  if (device.type() == torch::kPrivateUse1) return std::make_unique<StandInRecorder>();
  if (!device.is_cuda() || !cuda_library().fault.empty()) return nullptr;
  auto& make = cuda_library().handle.get<MakeCudaRecorder>(kMakeCudaRecorder);
  return std::unique_ptr<Recorder>(make(device.index()));
}

std::string fault_of_cuda_recorder() {
  return cuda_library().fault;
}

}  // namespace promptbed
