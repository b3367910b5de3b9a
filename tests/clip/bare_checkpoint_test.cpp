#include "clip/checkpoints/layouts.h"

#include <gtest/gtest.h>

#include "clip/checkpoints/torch_files.h"
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

TEST_F(BareCheckpoint, WrappersOfTheModelAreNoMatter) {
  Tensors compiled, custom_text, lightning;
  for (const auto& [name, tensor] : tensors_) {
    compiled["_orig_mod.module." + name] = tensor;
    lightning["clip_model.model." + name] = tensor;
    const bool is_of_text = !name.starts_with("visual.") && name != "logit_scale";
    custom_text[(is_of_text ? "text." : "") + name] = tensor;
  }
  EXPECT_EQ(load_checkpoint(write(compiled), Activation::gelu).fingerprint(), fingerprint_);
  EXPECT_EQ(load_checkpoint(write(custom_text), Activation::gelu).fingerprint(), fingerprint_);
  EXPECT_EQ(load_checkpoint(write(lightning), Activation::gelu).fingerprint(), fingerprint_);
  custom_text["ln_final.bias"] = tensors_.at("ln_final.bias");
  EXPECT_ERROR(load_checkpoint(write(custom_text), Activation::gelu),
               "holds tensor 'ln_final.bias' twice, once as 'text.ln_final.bias'");
}

TEST_F(BareCheckpoint, MayBeTheModelOfACheckpointOfTraining) {
  TorchDict model;
  for (const auto& [name, tensor] : tensors_) model.push_back({name, tensor.contiguous()});
  for (const char* key : {"state_dict", "model", "model_state_dict"}) {
    write_torch_file(scratch_ / "training.pt", {{"epoch", int64_t{1}}, {key, model}});
    EXPECT_EQ(load_checkpoint(scratch_ / "training.pt", Activation::gelu).fingerprint(), fingerprint_) << key;
  }
}

TEST_F(BareCheckpoint, OtherFilesAreRefusedInOneLine) {
  EXPECT_ERROR(load_checkpoint(write({{"x", at::ones({2})}})), "has no tensor 'ln_final.weight'");
  EXPECT_ERROR(load_checkpoint(scratch_ / "hf" / "model.safetensors", Activation::gelu),
               "has Hugging Face's names; give its folder");
  const std::vector<std::pair<std::string, std::string>> others = {
      {"", "page.pt: is not a checkpoint"},
      {"PK", "page.pt: is not a checkpoint"},
      {"<!doctype html> not found", "page.pt: is a web page, not a checkpoint; download the file again"},
      {"version https://git-lfs.github.com/spec/v1\noid",
       "page.pt: is a pointer of git-lfs, not the file itself; run git lfs pull in its folder"}};
  for (const auto& [contents, fault] : others) {
    write_file(scratch_ / "page.pt", contents);
    EXPECT_ERROR(load_checkpoint(scratch_ / "page.pt"), fault);
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

TEST_F(OpenClip, MayHaveHuggingFacesConfigurationWithoutItsWeights) {
  write(tensors_, "open_clip/open_clip_pytorch_model.bin");
  write_file(folder_ / "config.json", "{}");
  EXPECT_EQ(load_checkpoint(folder_).fingerprint(), fingerprint_);
  std::filesystem::remove(folder_ / "open_clip_config.json");
  std::filesystem::copy_file(scratch_ / "hf/config.json", folder_ / "config.json",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_ERROR(
      load_checkpoint(folder_),
      "open_clip: has open_clip's weights (open_clip_pytorch_model.bin) without open_clip_config.json");
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
  EXPECT_ERROR(load_checkpoint(folder_), "text_cfg.no_causal_mask is true where a CLIP has false");
  write_config({{"model_cfg", nullptr}});
  EXPECT_ERROR(load_checkpoint(folder_), "is not an open_clip configuration");
}

TEST_F(OpenClip, RefusesSettingsThatNoTensorShows) {
  write(tensors_, "open_clip/open_clip_model.safetensors");
  const auto fault_of = [&](const std::string& part, const nlohmann::json& settings) {
    write_config({{"model_cfg", {{part, settings}}}});
    return test::error_of([&] { load_checkpoint(folder_); });
  };
  const auto expect = [&](const std::string& part, const nlohmann::json& settings, const std::string& fault) {
    const std::string found = fault_of(part, settings);
    EXPECT_NE(found.find("open_clip_config.json: model_cfg." + fault), std::string::npos) << found;
  };
  expect("vision_cfg", {{"norm_kwargs", {{"eps", 1e-6}}}},
         "vision_cfg.norm_kwargs.eps is 1e-06 where a CLIP");
  expect("text_cfg", {{"act_kwargs", {{"approximate", "tanh"}}}},
         "text_cfg.act_kwargs.approximate is \"tanh\" where a CLIP has \"none\"");
  expect("text_cfg", {{"pool_type", "last"}}, "text_cfg.pool_type is \"last\" where a CLIP has \"argmax\"");
  expect("text_cfg", {{"tokenizer_kwargs", {{"clean", "canonicalize"}}}},
         "text_cfg.tokenizer_kwargs.clean is \"canonicalize\"");
  expect(
      "text_cfg", {{"hf_tokenizer_name", "timm/ViT-B-16-SigLIP"}},
      "text_cfg.hf_tokenizer_name is \"timm/ViT-B-16-SigLIP\"; the folder's tokenizer_config.json does not");
  expect("text_cfg", {{"context_length", 77}}, "text_cfg.context_length is 77; the weights have 6");
  expect("vision_cfg", {{"image_size", 224}}, "vision_cfg.image_size is 224; the weights have 8");
  expect("vision_cfg", {{"timm_model_name", "vit_base"}}, "vision_cfg.timm_model_name is \"vit_base\" where");
  expect("vision_cfg", {{"brand_new", 1}}, "vision_cfg.brand_new is 1; runner does not know this setting");
}

TEST_F(OpenClip, TakesSettingsThatAreClips) {
  write(tensors_, "open_clip/open_clip_model.safetensors");
  write_file(folder_ / "tokenizer_config.json", R"({"tokenizer_class": "CLIPTokenizer"})");
  write_config({{"model_cfg",
                 {{"embed_dim", 4},
                  {"custom_text", true},
                  {"vision_cfg", {{"image_size", {8, 8}}, {"layers", 2}, {"norm_kwargs", {{"eps", 1e-5}}}}},
                  {"text_cfg",
                   {{"context_length", 6},
                    {"vocab_size", 517},
                    {"hf_tokenizer_name", "me/mine"},
                    {"act_kwargs", nlohmann::json::object()}}}}}});
  EXPECT_EQ(load_checkpoint(folder_).fingerprint(), fingerprint_);
}

TEST_F(OpenClip, HasOpenClipsHeadsUnlessItTellsThem) {
  write(tensors_, "open_clip/open_clip_model.safetensors");
  write_config({{"model_cfg", {{"text_cfg", {{"heads", nullptr}}}}}});
  EXPECT_EQ(load_checkpoint(folder_).text_heads, 8) << "whatever the width";
}

}  // namespace
}  // namespace promptbed
