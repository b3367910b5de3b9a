#include "huggingface_folder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "clip/model.h"
#include "initial_weights.h"
#include "support/scratch.h"

namespace promptbed::pocket {
namespace {

const Merges kMerges = {{"a", "b"}, {"ab", "c</w>"}};

Architecture small() {
  Architecture sizes;
  sizes.resolution = 16;
  sizes.vision_width = 128;
  sizes.vision_layers = 2;
  sizes.text_width = 64;
  sizes.text_layers = 1;
  sizes.embedding_width = 32;
  sizes.context_length = 12;
  sizes.vocabulary = 516;
  return sizes;
}

TEST(HuggingFaceFolder, IsReadBackAsTheSameClip) {
  const test::ScratchFolder folder;
  const Checkpoint written = initial_weights(small(), 3);
  write_huggingface_folder(folder.path(), written, kMerges);

  const ClipModel read = ClipModel::load(folder.path());
  EXPECT_EQ(read.checkpoint().vision_heads, 2);
  EXPECT_EQ(read.checkpoint().text_heads, 1);
  EXPECT_EQ(read.checkpoint().activation, Activation::quick_gelu);
  ASSERT_EQ(read.checkpoint().tensors.size(), written.tensors.size());
  for (const auto& [name, tensor] : written.tensors) {
    EXPECT_TRUE(at::equal(read.checkpoint().at(name), tensor.to(torch::kHalf))) << name;
  }
  EXPECT_EQ(read.preprocessing().size, 16);
  EXPECT_EQ(read.preprocessing().mean[0], 0.5f);
  EXPECT_EQ(read.tokenizer()->encode("abc"), (std::vector<int64_t>{513}));
}

}  // namespace
}  // namespace promptbed::pocket
