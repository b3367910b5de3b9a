// The device is LibTorch's PrivateUse1, which is there for backends of others. Its tensors lie in ordinary
// memory. A fallback serves every operator that LibTorch does not write in terms of others: it runs the CPU's
// kernel on tensors of the CPU that share that memory.
#include "clip/towers/stand_in_device.h"

#include <ATen/ATen.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/boxing/KernelFunction.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/ScopeExit.h>
#include <fmt/format.h>
#include <torch/library.h>
#include <torch/version.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;

/// Autograd starts a thread for each device in the first backward pass of a process: none, unless it is asked
/// for.
std::atomic_bool asked_for = false;

std::atomic_int64_t waits = 0;

/// Calls of operators, to be made again.
using Calls = std::vector<std::function<void()>>;

/// Where calls are recorded, if they are: also by autograd's threads.
std::atomic<Calls*> recorded = nullptr;

void count_wait(const std::string& name) {
  if (recorded.load() != nullptr)
    throw std::runtime_error(fmt::format("{} makes the CPU wait for the device in a recorded step", name));
  ++waits;
}

/// One device, without streams of its own.
struct DeviceGuard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, getDevice());
  }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return getStream(getDevice()); }
  c10::DeviceIndex deviceCount() const noexcept override { return asked_for ? 1 : 0; }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, DeviceGuard);

/// Makes a tensor another view of its memory.
void take_shape(const Tensor& tensor, const Tensor& like) {
  tensor.unsafeGetTensorImpl()->set_storage_offset(like.storage_offset());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides());
}

bool is_there(const Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kType;
}

/// A tensor on a device in the memory of one on the other, which it keeps alive.
Tensor sharing(const Tensor& tensor, c10::Device device, c10::DispatchKey key) {
  auto memory = std::make_unique<c10::Storage>(tensor.storage());
  auto* const bytes = const_cast<void*>(static_cast<const void*>(memory->data()));
  const size_t size = memory->nbytes();
  c10::DataPtr data(
      bytes, memory.release(), [](void* kept) { delete static_cast<c10::Storage*>(kept); }, device);
  c10::Storage storage(c10::Storage::use_byte_size_t(), size, std::move(data), nullptr, false);
  Tensor shared =
      at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), tensor.dtype());
  take_shape(shared, tensor);
  return shared;
}

/// An empty tensor gets memory of its own, which operators may enlarge.
Tensor on_cpu(const Tensor& there) {
  if (there.numel() == 0) return at::empty(there.sizes(), there.options().device(torch::kCPU));
  return sharing(there, torch::kCPU, c10::DispatchKey::CPU);
}

Tensor on_device(const Tensor& cpu) {
  return cpu.defined() ? sharing(cpu, {kType, 0}, c10::DispatchKey::PrivateUse1) : cpu;
}

/// The arguments of an operator on their way to the CPU and back.
class Call {
 public:
  explicit Call(const c10::OperatorHandle& op) : name_(toString(op.operator_name())) {}

  c10::IValue argument(const c10::IValue& value) {
    if (value.isTensor()) return c10::IValue(moved(value.toTensor()));
    if (value.isGenerator())  // CUDA takes none of the CPU's, which all of ours are
      throw std::runtime_error(fmt::format("{} draws from a generator of the CPU", name_));
    if (value.isDevice()) return c10::IValue(torch::Device(torch::kCPU));
    if (value.isTensorList()) {
      c10::List<Tensor> tensors;
      for (const Tensor& tensor : value.toTensorVector()) tensors.push_back(moved(tensor));
      return c10::IValue(std::move(tensors));
    }
    if (value.isList() && value.toList().elementType()->kind() == c10::TypeKind::OptionalType) {
      c10::impl::GenericList values(value.toList().elementType());
      for (const c10::IValue& element : value.toListRef()) values.push_back(argument(element));
      return c10::IValue(std::move(values));
    }
    return value;
  }

  /// What was changed in place is what was given; all else is new on the device.
  c10::IValue result(const c10::IValue& value) const {
    if (value.isTensor()) return c10::IValue(returned(value.toTensor()));
    if (!value.isTensorList()) return value;
    c10::List<Tensor> tensors;
    for (const Tensor& tensor : value.toTensorVector()) tensors.push_back(returned(tensor));
    return c10::IValue(std::move(tensors));
  }

 private:
  Tensor moved(const Tensor& tensor) {
    if (is_there(tensor)) {
      moved_.emplace_back(tensor, on_cpu(tensor));
      return moved_.back().second;
    }
    if (tensor.defined() && tensor.dim() > 0)  // single numbers may come from the CPU, as with CUDA
      throw std::runtime_error(
          fmt::format("{} has a tensor on the CPU and others on the task's device", name_));
    return tensor;
  }

  Tensor returned(const Tensor& tensor) const {
    for (const auto& [there, cpu] : moved_) {
      if (!tensor.is_same(cpu)) continue;
      if (there.numel() == 0) there.unsafeGetTensorImpl()->set_storage_keep_dtype(on_device(cpu).storage());
      take_shape(there, cpu);
      return there;
    }
    return on_device(tensor);
  }

  std::string name_;
  std::vector<std::pair<Tensor, Tensor>> moved_;
};

/// Whether the CPU has to see what an operator computes before it can go on. (Indexing by a mask calls
/// nonzero.)
bool makes_wait(const c10::OperatorHandle& op) {
  const std::string& name = op.operator_name().name;
  return name == "aten::nonzero" || name == "aten::masked_select" || name == "aten::repeat_interleave" ||
         name.find("unique") != std::string::npos ||
         std::ranges::any_of(op.schema().returns(), [](const c10::Argument& returned) {
           const c10::TypeKind kind = returned.type()->kind();
           return kind == c10::TypeKind::NumberType || kind == c10::TypeKind::BoolType;
         });
}

/// Puts what an operator computed again where its result was; views and tensors changed in place are there.
void put(const c10::IValue& computed, const c10::IValue& result) {
  const auto put_tensor = [](const Tensor& from, const Tensor& to) {
    if (from.defined() && from.numel() > 0 && from.data_ptr() != to.data_ptr()) to.copy_(from);
  };
  if (computed.isTensor()) {
    put_tensor(computed.toTensor(), result.toTensor());
  } else if (computed.isTensorList()) {
    const std::vector<Tensor> from = computed.toTensorVector(), to = result.toTensorVector();
    for (size_t i = 0; i < from.size(); ++i) put_tensor(from[i], to[i]);
  }
}

/// The call of the CPU's kernel with these arguments, made again.
std::function<void()> call_again(const c10::OperatorHandle& op, torch::jit::Stack arguments,
                                 torch::jit::Stack results) {
  return [op, arguments = std::move(arguments), results = std::move(results)] {
    torch::jit::Stack stack = arguments;
    op.callBoxed(&stack);
    for (size_t i = 0; i < results.size(); ++i) put(stack[i], results[i]);
  };
}

void run_on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  if (makes_wait(op)) count_wait(op.operator_name().name);
  const c10::InferenceMode usual(false);  // tensors of that mode cannot be put into others' places
  Call call(op);
  const auto last = [&](size_t count) { return std::span(*stack).last(count); };
  const auto copy_of_last = [&](size_t count) {
    return torch::jit::Stack(last(count).begin(), last(count).end());
  };
  for (c10::IValue& value : last(op.schema().arguments().size())) value = call.argument(value);
  Calls* const calls = recorded;
  torch::jit::Stack arguments;
  if (calls != nullptr) arguments = copy_of_last(op.schema().arguments().size());
  op.callBoxed(stack);
  if (calls != nullptr)
    calls->push_back(call_again(op, std::move(arguments), copy_of_last(op.schema().returns().size())));
  for (c10::IValue& value : last(op.schema().returns().size())) value = call.result(value);
}

/// The one way between the CPU and the device.
Tensor copy_from(const Tensor& from, const Tensor& to, bool non_blocking) {
  const bool crosses = is_there(from) != is_there(to);
  if (crosses && recorded.load() != nullptr)
    throw std::runtime_error("a recorded step copies between the CPU and the device");
  if (crosses && (!is_there(to) || !non_blocking)) ++waits;
  const Tensor source = is_there(from) ? on_cpu(from) : from, target = is_there(to) ? on_cpu(to) : to;
  target.copy_(source, non_blocking);
  if (Calls* const calls = recorded) calls->push_back([source, target] { target.copy_(source); });
  return to;
}

/// LibTorch chooses among its own convolutions before it looks for a fallback, and finds none for this
/// device.
Tensor convolution(const Tensor& input, const Tensor& weight, const c10::optional<Tensor>& bias,
                   at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                   at::IntArrayRef output_padding, int64_t groups) {
  if (!is_there(input) || !is_there(weight) || (bias && bias->defined() && !is_there(*bias)))
    throw std::runtime_error("a convolution has a tensor on the CPU and others on the task's device");
  const auto compute = [input = on_cpu(input), weight = on_cpu(weight),
                        bias = bias && bias->defined() ? c10::make_optional(on_cpu(*bias)) : c10::nullopt,
                        stride = stride.vec(), padding = padding.vec(), dilation = dilation.vec(), transposed,
                        output_padding = output_padding.vec(), groups] {
    return at::convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding,
                           groups);
  };
  const Tensor result = compute();
  if (Calls* const calls = recorded) calls->push_back([compute, result] { result.copy_(compute()); });
  return on_device(result);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("_copy_from", TORCH_FN(copy_from));
  library.impl("convolution_overrideable", TORCH_FN(convolution));
}

}  // namespace

std::optional<torch::Device> stand_in_device() {
  if (TORCH_VERSION_MAJOR > 1) return std::nullopt;
  asked_for = true;
  return torch::Device(kType, 0);
}

int64_t waits_for_stand_in_device() {
  return waits;
}

std::function<void()> recorded_on_stand_in_device(const std::function<void()>& work) {
  const auto calls = std::make_shared<Calls>();
  {
    recorded = calls.get();
    const auto end = c10::make_scope_exit([] { recorded = nullptr; });
    work();
  }
  return [calls] {
    const at::AutoDispatchBelowADInplaceOrView kernels_alone;
    const c10::InferenceMode usual(false);
    for (const auto& call : *calls) call();
  };
}

}  // namespace promptbed
