#include "huggingface_folder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "clip/model.h"
#include "small_architecture.h"
#include "support/scratch.h"

namespace promptbed::pocket {
namespace {

const Merges kMerges = {{"a", "b"}, {"ab", "c</w>"}};

constexpr int64_t kVocabulary = 516;  // bytes, bytes that end a word, the merges, start and end of text

TEST(HuggingFaceFolder, IsReadBackAsTheSameClip) {
  const test::ScratchFolder folder;
  Checkpoint written = initial_weights(small_architecture(kVocabulary), 3);
  written.activation = Activation::gelu;
  const Preprocessing preprocessing = {16, {0.1f, 0.2f, 0.3f}, {0.4f, 0.5f, 0.6f}};
  write_huggingface_folder(folder.path(), written, preprocessing, kMerges);

  const ClipModel read = ClipModel::load(folder.path());
  EXPECT_EQ(read.checkpoint().vision_heads, 2);
  EXPECT_EQ(read.checkpoint().text_heads, 1);
  EXPECT_EQ(read.checkpoint().activation, Activation::gelu);
  ASSERT_EQ(read.checkpoint().tensors.size(), written.tensors.size());
  for (const auto& [name, tensor] : written.tensors) {
    EXPECT_TRUE(at::equal(read.checkpoint().at(name), tensor.to(torch::kHalf))) << name;
  }
  EXPECT_EQ(read.preprocessing().size, 16);
  EXPECT_EQ(read.preprocessing().mean, preprocessing.mean);
  EXPECT_EQ(read.preprocessing().std, preprocessing.std);
  EXPECT_EQ(read.tokenizer()->encode("abc"), (std::vector<int64_t>{513}));
}

}  // namespace
}  // namespace promptbed::pocket
