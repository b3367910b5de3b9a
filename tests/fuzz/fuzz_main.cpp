#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fuzz/fuzz_targets.h"

/// libFuzzer's entry. The environment's PROMPTBED_FUZZ_TARGET names the target.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const promptbed::test::FuzzTarget& target = [&]() -> const promptbed::test::FuzzTarget& {
    const char* name = std::getenv("PROMPTBED_FUZZ_TARGET");
    return promptbed::test::fuzz_target(name == nullptr ? "" : name);
  }();
  promptbed::test::run_fuzz_target(target, {reinterpret_cast<const char*>(data), size});
  return 0;
}
