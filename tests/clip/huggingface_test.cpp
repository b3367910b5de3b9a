#include "clip/checkpoints/layouts.h"

#include <gtest/gtest.h>

#include <limits>

#include "clip/mini_clip.h"
#include "clip/model.h"
#include "clip/torch_file.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class HuggingFace : public ::testing::Test {
 protected:
  HuggingFace() { test::write_mini_clip(scratch_.path()); }

  void write_config(const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json config = test::mini_config();
    config[nlohmann::json::json_pointer(pointer)] = value;
    write_file(scratch_ / "config.json", config.dump());
  }

  void write_weights(const std::map<std::string, Tensor>& tensors,
                     const std::string& name = "model.safetensors") {
    write_safetensors(scratch_ / name, {tensors.begin(), tensors.end()});
  }

  /// Cuts the model in two files, each made by `write(tensors, name)`, with an index; returns the index.
  nlohmann::json write_shards(const std::string& name, const auto& write) {
    std::map<std::string, std::map<std::string, Tensor>> shards;
    nlohmann::json index;
    for (const auto& [tensor_name, tensor] : test::mini_huggingface_tensors(3)) {
      const std::string shard = (tensor_name.starts_with("text") ? "1-" : "2-") + name;
      shards[shard][tensor_name] = tensor;
      index["weight_map"][tensor_name] = shard;
    }
    for (const auto& [shard, tensors] : shards) write(tensors, shard);
    write_file(scratch_ / (name + ".index.json"), index.dump());
    return index;
  }

  std::string error() {
    return test::error_of([&] { load_checkpoint(scratch_.path()); });
  }

  test::ScratchFolder scratch_;
};

TEST_F(HuggingFace, GivesTensorsOpenAisNamesAndOrder) {
  const auto theirs = test::mini_huggingface_tensors(3);
  const Checkpoint ours = load_checkpoint(scratch_.path());
  EXPECT_EQ(ours.activation, Activation::gelu);
  EXPECT_EQ(ours.text_heads, 2);
  EXPECT_EQ(ours.vision_heads, 2);
  EXPECT_TRUE(at::equal(ours.at("visual.proj"), theirs.at("visual_projection.weight").t()));
  const std::string attention = "text_model.encoder.layers.1.self_attn.";
  EXPECT_TRUE(at::equal(ours.at("transformer.resblocks.1.attn.in_proj_bias"),
                        at::cat({theirs.at(attention + "q_proj.bias"), theirs.at(attention + "k_proj.bias"),
                                 theirs.at(attention + "v_proj.bias")})));
}

TEST_F(HuggingFace, FingerprintIsThatOfTheValues) {
  const std::string fingerprint = load_checkpoint(scratch_.path()).fingerprint();
  auto tensors = test::mini_huggingface_tensors(3);
  tensors["logit_scale"] = tensors["logit_scale"].to(at::kDouble);
  write_weights(tensors);
  EXPECT_EQ(load_checkpoint(scratch_.path()).fingerprint(), fingerprint);
  tensors["logit_scale"].add_(1e-3);
  write_weights(tensors);
  EXPECT_NE(load_checkpoint(scratch_.path()).fingerprint(), fingerprint);
}

TEST_F(HuggingFace, IgnoresThePositionIdsOfOlderFiles) {
  const std::string fingerprint = load_checkpoint(scratch_.path()).fingerprint();
  auto tensors = test::mini_huggingface_tensors(3);
  tensors["text_model.embeddings.position_ids"] = at::arange(6).view({1, 6});
  write_weights(tensors);
  EXPECT_EQ(load_checkpoint(scratch_.path()).fingerprint(), fingerprint);
}

TEST_F(HuggingFace, ReadsShards) {
  const std::string fingerprint = load_checkpoint(scratch_.path()).fingerprint();
  std::filesystem::remove(scratch_ / "model.safetensors");
  const auto write_state_dict = [&](const auto& tensors, const std::string& name) {
    test::write_state_dict(scratch_ / name, tensors);
  };
  write_shards("pytorch_model.bin", write_state_dict);
  EXPECT_EQ(load_checkpoint(scratch_.path()).fingerprint(), fingerprint);

  nlohmann::json index = write_shards("model.safetensors", [&](const auto& tensors, const std::string& name) {
    write_weights(tensors, name);
  });
  EXPECT_EQ(load_checkpoint(scratch_.path()).fingerprint(), fingerprint);
  index["weight_map"]["more"] = "2-model.safetensors";
  write_file(scratch_ / "model.safetensors.index.json", index.dump());
  EXPECT_NE(error().find("no shard holds 'more'"), std::string::npos);
  index["weight_map"]["more"] = "../elsewhere.safetensors";
  write_file(scratch_ / "model.safetensors.index.json", index.dump());
  EXPECT_NE(error().find("no file of the folder holds 'more'"), std::string::npos);
}

TEST_F(HuggingFace, ReadsPytorchModelBin) {
  const std::string fingerprint = load_checkpoint(scratch_.path()).fingerprint();
  std::filesystem::remove(scratch_ / "model.safetensors");
  test::write_state_dict(scratch_ / "pytorch_model.bin", test::mini_huggingface_tensors(3));
  EXPECT_EQ(load_checkpoint(scratch_.path()).fingerprint(), fingerprint);
}

TEST_F(HuggingFace, NamesWhatIsMissing) {
  EXPECT_ERROR(load_checkpoint(scratch_ / "none"), "no such model");
  std::filesystem::remove(scratch_ / "model.safetensors");
  EXPECT_NE(error().find("no model.safetensors"), std::string::npos);
  std::filesystem::remove(scratch_ / "config.json");
  EXPECT_NE(error().find("no config.json"), std::string::npos);
}

TEST_F(HuggingFace, RefusesOtherModelsByName) {
  write_config("/model_type", "siglip");
  EXPECT_NE(error().find("model_type is \"siglip\""), std::string::npos);
  write_config("/text_config/hidden_act", "relu");
  EXPECT_NE(error().find("text_config.hidden_act is \"relu\"; a CLIP has quick_gelu or gelu"),
            std::string::npos);
  write_config("/vision_config/hidden_act", "gelu_pytorch_tanh");
  EXPECT_NE(error().find("vision_config.hidden_act is \"gelu_pytorch_tanh\""), std::string::npos);
  write_config("/text_config/hidden_act", "quick_gelu");
  EXPECT_NE(error().find("hidden_act is \"gelu\"; the text tower has another"), std::string::npos);
  write_config("/text_config/layer_norm_eps", 1e-6);
  EXPECT_NE(error().find("text_config.layer_norm_eps is 1e-06 where a CLIP has 1e-05"), std::string::npos);
  write_config("/text_config/eos_token_id", 1);
  EXPECT_NE(error().find("text_config.eos_token_id is 1; a CLIP of 517 tokens ends its texts with 516"),
            std::string::npos);
  write_config("/text_config/num_attention_heads", 3);
  EXPECT_NE(error().find("3 heads do not divide the text tower's width of 8"), std::string::npos);
  write_config("/text_config", 3);
  EXPECT_NE(error().find("text_config is 3; it should be an object"), std::string::npos);
}

TEST_F(HuggingFace, TakesAnEpsThatWentThroughF32) {
  write_config("/text_config/layer_norm_eps", 9.999999747378752e-06);
  EXPECT_NO_THROW(load_checkpoint(scratch_.path()));
}

TEST_F(HuggingFace, ATowersDictReplacesItsConfig) {
  write_config("/text_config_dict", nullptr);
  EXPECT_EQ(load_checkpoint(scratch_.path()).text_heads, 2) << "null is no dict";
  write_config("/text_config_dict",
               {{"hidden_act", "gelu"}, {"num_attention_heads", 4}, {"eos_token_id", 2}});
  EXPECT_EQ(load_checkpoint(scratch_.path()).text_heads, 4);
  write_config("/text_config_dict", {{"num_attention_heads", 4}, {"eos_token_id", 2}});
  EXPECT_NE(error().find("the text tower has another"), std::string::npos)
      << "what the dict leaves out is transformers' default, quick_gelu";
  write_config("/vision_config_dict", {{"hidden_act", "gelu"}, {"layer_norm_eps", 1e-6}});
  EXPECT_NE(error().find("vision_config_dict.layer_norm_eps is 1e-06"), std::string::npos);
}

TEST_F(HuggingFace, WeightsThatAreNoNumbersAreFoundWhenTheModelIsLoaded) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto tensors = test::mini_huggingface_tensors(3);
    tensors["text_projection.weight"][1][1] = value;
    write_weights(tensors);
    EXPECT_ERROR(ClipModel::load(scratch_.path()),
                 scratch_.path().string() + ": tensor 'text_projection' holds NaN or infinity");
  }
}

TEST_F(HuggingFace, NamesTheTensorThatDoesNotFit) {
  auto tensors = test::mini_huggingface_tensors(3);
  const Tensor good = std::exchange(tensors["vision_model.pre_layrnorm.bias"], at::zeros({7}));
  write_weights(tensors);
  EXPECT_NE(error().find("'visual.ln_pre.bias' has the shape [7]; its CLIP needs [8]"), std::string::npos);
  tensors["vision_model.pre_layrnorm.bias"] = good.to(at::kInt);
  write_weights(tensors);
  EXPECT_NE(error().find("instead of floating point"), std::string::npos);
  tensors.erase("vision_model.pre_layrnorm.bias");
  write_weights(tensors);
  EXPECT_NE(error().find("no tensor 'visual.ln_pre.bias'"), std::string::npos);
  tensors["vision_model.pre_layrnorm.bias"] = good;
  tensors["logit_bias"] = at::zeros({});
  write_weights(tensors);
  EXPECT_NE(error().find("'logit_bias' does not belong to a CLIP"), std::string::npos);
  tensors.erase("logit_bias");
  tensors.erase("text_model.encoder.layers.0.self_attn.k_proj.bias");
  write_weights(tensors);
  EXPECT_NE(error().find("k_proj.bias' is missing"), std::string::npos);
}

}  // namespace
}  // namespace promptbed
