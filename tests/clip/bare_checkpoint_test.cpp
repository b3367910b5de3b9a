#include "clip/checkpoints/layouts.h"

#include <gtest/gtest.h>

#include "clip/mini_clip.h"
#include "clip/model.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Tensors = std::map<std::string, Tensor>;

/// A CLIP of width 64, hence one head, as a folder and as the tensors of a bare file.
class BareCheckpoint : public ::testing::Test {
 protected:
  BareCheckpoint() {
    const Tensors tensors = test::mini_huggingface_tensors(3, 64);
    write_safetensors(scratch_ / "hf" / "model.safetensors", {tensors.begin(), tensors.end()});
    write_file(scratch_ / "hf" / "config.json", test::mini_config(1).dump());
    const Checkpoint checkpoint = load_checkpoint(scratch_ / "hf");
    fingerprint_ = checkpoint.fingerprint();
    tensors_ = checkpoint.tensors;
  }

  std::filesystem::path write(const Tensors& tensors, const std::string& name = "model.safetensors") {
    write_safetensors(scratch_ / name, {tensors.begin(), tensors.end()});
    return scratch_ / name;
  }

  Tensors with_markers() {
    Tensors tensors = tensors_;
    for (const char* marker : {"input_resolution", "context_length", "vocab_size"})
      tensors[marker] = at::full({}, 8);
    return tensors;
  }

  test::ScratchFolder scratch_;
  std::string fingerprint_;
  Tensors tensors_;
};

TEST_F(BareCheckpoint, IsTheModelOfTheFolder) {
  EXPECT_EQ(load_checkpoint(write(tensors_), Activation::gelu).fingerprint(), fingerprint_);
}

TEST_F(BareCheckpoint, NeedsToBeToldItsActivation) {
  EXPECT_ERROR(load_checkpoint(write(tensors_)), "add --activation quick_gelu");
  EXPECT_EQ(load_checkpoint(write(tensors_), Activation::quick_gelu).activation, Activation::quick_gelu);
}

TEST_F(BareCheckpoint, OfOpenAiIsKnownByItsMarkers) {
  const auto path = write(with_markers());
  EXPECT_EQ(load_checkpoint(path).activation, Activation::quick_gelu);
  EXPECT_EQ(load_checkpoint(path, Activation::quick_gelu).activation, Activation::quick_gelu);
  EXPECT_ERROR(load_checkpoint(path, Activation::gelu), "the model has quick_gelu; leave --activation out");
}

TEST_F(BareCheckpoint, AFlagThatContradictsAFolderIsRefused) {
  EXPECT_ERROR(load_checkpoint(scratch_ / "hf", Activation::quick_gelu), "the model has gelu");
}

TEST_F(BareCheckpoint, PrefixesAndBuffersAreNoMatter) {
  Tensors tensors;
  for (const auto& [name, tensor] : tensors_) tensors["module." + name] = tensor;
  tensors["module.attn_mask"] = at::zeros({6, 6});
  EXPECT_EQ(load_checkpoint(write(tensors), Activation::gelu).fingerprint(), fingerprint_);
}

TEST_F(BareCheckpoint, OtherFilesAreRefusedInOneLine) {
  EXPECT_ERROR(load_checkpoint(write({{"x", at::ones({2})}})), "has no tensor 'ln_final.weight'");
  EXPECT_ERROR(load_checkpoint(scratch_ / "hf" / "model.safetensors", Activation::gelu),
               "has Hugging Face's names; give its folder");
  for (const char* contents : {"", "PK", "<!doctype html> not found", "version https://git-lfs.github.com"}) {
    write_file(scratch_ / "page.pt", contents);
    EXPECT_ERROR(load_checkpoint(scratch_ / "page.pt"), "page.pt: is not a checkpoint");
  }
  write_file(scratch_ / "old.pt",
             "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.");
  EXPECT_ERROR(load_checkpoint(scratch_ / "old.pt"),
               "load it with a current torch.load and save it again with torch.save");
}

TEST_F(BareCheckpoint, OfAWidthThatHidesItsHeadsIsRefused) {
  test::write_mini_clip(scratch_ / "narrow");
  const auto path = write(load_checkpoint(scratch_ / "narrow").tensors);
  EXPECT_ERROR(load_checkpoint(path, Activation::gelu),
               "the text tower's width of 8 is not a multiple of 64");
}

TEST_F(BareCheckpoint, HasClipsPreprocessingAndTheMergesBesideIt) {
  const auto path = write(with_markers());
  const ClipModel model = ClipModel::load(path);
  EXPECT_EQ(model.preprocessing().size, 8);
  EXPECT_FLOAT_EQ(model.preprocessing().mean[0], 0.48145466f);
  EXPECT_ERROR(model.tokenizer(), "bpe_simple_vocab_16e6.txt.gz");
  write_file(scratch_ / "merges.txt", "#version: 0.2\na b\nab c</w>\n! !\n");
  EXPECT_EQ(model.tokenizer()->end_of_text(), 516);
}

/// The same model in a folder of open_clip's.
class OpenClip : public BareCheckpoint {
 protected:
  OpenClip() { write_config(nlohmann::json::object()); }

  void write_config(const nlohmann::json& changes) {
    nlohmann::json config = {
        {"model_cfg", {{"vision_cfg", {{"width", 64}}}, {"text_cfg", {{"heads", 1}}}}},
        {"preprocess_cfg", {{"mean", {0.1, 0.2, 0.3}}, {"std", {1, 2, 3}}}},
    };
    config.merge_patch(changes);
    write_file(folder_ / "open_clip_config.json", config.dump());
  }

  std::filesystem::path folder_ = scratch_ / "open_clip";
};

TEST_F(OpenClip, TellsActivationAndPreprocessing) {
  write(tensors_, "open_clip/open_clip_model.safetensors");
  const ClipModel model = ClipModel::load(folder_);
  EXPECT_EQ(model.checkpoint().fingerprint(), fingerprint_);
  EXPECT_FLOAT_EQ(model.preprocessing().mean[1], 0.2f);
  EXPECT_FLOAT_EQ(model.preprocessing().std[2], 3);
  write_config({{"model_cfg", {{"quick_gelu", true}}}});
  EXPECT_EQ(load_checkpoint(folder_).activation, Activation::quick_gelu);
}

TEST_F(OpenClip, TellsTheHeads) {
  write(tensors_, "open_clip/open_clip_pytorch_model.bin");  // the form is told by the contents
  write_config({{"model_cfg", {{"vision_cfg", {{"head_width", 16}}}, {"text_cfg", {{"heads", 2}}}}}});
  const Checkpoint checkpoint = load_checkpoint(folder_);
  EXPECT_EQ(checkpoint.vision_heads, 4);
  EXPECT_EQ(checkpoint.text_heads, 2);
}

TEST_F(OpenClip, RefusesWhatIsNoSuchClip) {
  EXPECT_ERROR(load_checkpoint(folder_), "no open_clip_model.safetensors");
  write(tensors_, "open_clip/open_clip_model.safetensors");
  write_config({{"model_cfg", {{"text_cfg", {{"no_causal_mask", true}}}}}});
  EXPECT_ERROR(load_checkpoint(folder_), "/text_cfg/no_causal_mask is true where a CLIP has false");
  write_config({{"model_cfg", nullptr}});
  EXPECT_ERROR(load_checkpoint(folder_), "is not an open_clip configuration");
}

}  // namespace
}  // namespace promptbed
