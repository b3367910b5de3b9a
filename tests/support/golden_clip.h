#pragma once

#include <promptbed/text_encoder.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "clip/model.h"
#include "clip/towers/arithmetic.h"
#include "clip/towers/text_transformer.h"
#include "support/golden.h"
#include "support/listed_tokenizer.h"

namespace promptbed::test {

/// Where the golden runs are repeated: PROMPTBED_TEST_DEVICE, as --device has it; by default the CPU.
inline torch::Device golden_device() {
  static const char* const given = std::getenv("PROMPTBED_TEST_DEVICE");
  const torch::Device device = parse_device(given == nullptr ? "cpu" : given, "PROMPTBED_TEST_DEVICE");
  settle_arithmetic({.device = device});
  return device;
}

/// The CLIP that made the golden prompts and zero-shot features, opened once for all tests.
struct GoldenClip {
  ClipModel model = ClipModel::load(golden_folder() / "clip_vit/hf");
  std::shared_ptr<const TextEncoder> text_encoder =
      std::make_shared<TextTransformer>(model.checkpoint(), Placement{.device = golden_device()});
  std::shared_ptr<const ImageEncoder> image_encoder =
      model.make_prompted_image_encoder(Placement{.device = golden_device()});
  std::shared_ptr<const Tokenizer> tokenizer = make_tokenizer(model);

  static const GoldenClip& instance() {
    static const GoldenClip clip;
    return clip;
  }

 private:
  /// CLIP's own where the folder has its merges; the committed part has the tokens of the tests' texts
  /// instead.
  static std::shared_ptr<const Tokenizer> make_tokenizer(const ClipModel& model) {
    if (std::filesystem::exists(golden_folder() / "clip_vit/hf/merges.txt")) return model.tokenizer();
    return std::make_shared<ListedTokenizer>(golden_folder() / "prompt/tokens.json");
  }
};

}  // namespace promptbed::test
