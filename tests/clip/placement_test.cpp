#include "clip/towers/placement.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

TEST(Placement, DevicesAreWrittenAsTheyAreRead) {
  for (const char* text : {"cpu", "cuda", "cuda:0", "cuda:3"})
    EXPECT_EQ(device_text(parse_device(text, "--device")), text);
}

TEST(Placement, OtherDevicesAreRefused) {
  for (const char* text : {"", "tpu", "CUDA", "cuda:", "cuda:-1", "cuda:x", "xla", "meta", "cpu:5",
                           "cuda:128", "cuda:255", "cuda:256", "cuda:01"})
    EXPECT_ERROR(parse_device(text, "--device"),
                 "--device " + std::string(text) + ": known: cpu, cuda, cuda:N");
}

TEST(Placement, AGpuMustBeThere) {
  const auto check = [](const char* device, int64_t gpus) {
    check_gpu(parse_device(device, "--device"), gpus, "--device");
  };
  check("cpu", 0);
  check("cuda", 1);
  check("cuda:0", 1);
  check("cuda:3", 4);
  EXPECT_ERROR(check("cuda", 0), "--device cuda: this LibTorch has no CUDA device; use cpu");
  EXPECT_ERROR(check("cuda:1", 1), "--device cuda:1: LibTorch sees one GPU; give cuda:0");
  EXPECT_ERROR(check("cuda:4", 4), "--device cuda:4: LibTorch sees 4 GPUs; give cuda:0 to cuda:3");
}

}  // namespace
}  // namespace promptbed
