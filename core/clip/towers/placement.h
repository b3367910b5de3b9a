#pragma once

#include <torch/types.h>

#include <string>
#include <string_view>

#include "base/names.h"

namespace promptbed {

/// The type of the factors of products with frozen weights. With bf16 and f16 the residual stream, layer
/// norms, softmax and all learned tensors stay in f32; gradients through the products are rounded, too. f16
/// is what the reference uses on GPUs: three bits more than bf16, but nothing beyond 65504. tf32 is for GPUs:
/// f32, but for all products there, whose factors are rounded to ten bits behind the point.
enum class Precision { f32, bf16, f16, tf32 };
inline constexpr Named<Precision> kPrecisions[] = {
    {Precision::f32, "f32"}, {Precision::bf16, "bf16"}, {Precision::f16, "f16"}, {Precision::tf32, "tf32"}};

/// "f32", "bf16", "f16" or "tf32".
std::string_view to_string(Precision precision);

/// "cpu", "cuda", "cuda:1", or "stand-in" (stand_in_device.h), and the reverse, which throws Error, beginning
/// with `where`, for another.
std::string device_text(torch::Device device);
torch::Device parse_device(std::string_view text, std::string_view where);

/// Throws Error, beginning with `where`, for a GPU that is not among so many.
void check_gpu(torch::Device device, int64_t gpus, std::string_view where);

/// The device and precision of a tower.
struct Placement {
  torch::Device device = torch::kCPU;
  Precision precision = Precision::f32;
  bool differentiable = true;  ///< gradients flow through its frozen layers, which costs a second weight
};

}  // namespace promptbed
