#include "naming.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "augmentation.h"
#include "captions.h"
#include "clip/towers/text_transformer.h"
#include "clip/towers/vision_transformer.h"
#include "drawn_pairs.h"
#include "small_architecture.h"
#include "support/scratch.h"
#include "tokenizer/bpe_tokenizer.h"

namespace promptbed::pocket {
namespace {

constexpr int64_t kContext = 32;
const Preprocessing kPreprocessing = {16, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};

TEST(NamingTest, CountsDrawingsThatAreNearestToTheirOwnName) {
  const test::ScratchFolder folder;
  write_pairs(folder / "pairs", dotted_pairs("dots", 5, 8));
  const PairSet pairs(folder / "pairs");
  const BpeTokenizer tokenizer(Merges{});
  const Checkpoint clip = initial_weights(small_architecture(tokenizer.vocabulary_size()), 1);
  const VisionTransformer vision(clip, {});
  const TextTransformer text(clip, {});

  HeldOut held_out;
  NamingTask& task = held_out.own_names;
  std::vector<Tensor> features;
  for (int64_t n = 0; n < 5; ++n) {
    task.names.push_back(pairs[n].name);
    const auto tokens = caption_tokens(tokenizer, fmt::format("an icon of a dots {}.", n), kContext);
    features.push_back(text.encode({text.embed(std::span(tokens).first(1)).unsqueeze(0),
                                    text.embed(std::span(tokens).subspan(1)),
                                    {static_cast<int64_t>(tokens.size()) - 1}})
                           .flatten());
  }
  // Every second answer is what these towers say, the others are not.
  const Tensor names = normalised(at::stack(features));
  for (int64_t i = 0; i < pairs.size(); ++i) {
    const std::vector<Tensor> picture = {plain_rendering(pairs.picture(i), 16)};
    const Tensor similar =
        at::matmul(normalised(vision.encode(as_pixels(picture, kPreprocessing))), names.t());
    task.pairs.push_back(i);
    task.answers.push_back((similar.argmax().item<int64_t>() + i % 2) % 5);
  }

  TrainableTowers towers(clip, {}, 2);
  const NamingTest naming(held_out, pairs, tokenizer, kPreprocessing, kContext);
  ASSERT_TRUE(naming.has_drawings());
  EXPECT_EQ(naming.measure(towers).own_names, 0.5);
  EXPECT_TRUE(std::isnan(naming.measure(towers).unseen_names)) << "there are no drawings of unseen names";
}

}  // namespace
}  // namespace promptbed::pocket
