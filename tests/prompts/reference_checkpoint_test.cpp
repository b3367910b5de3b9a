#include "prompts/reference_checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "clip/checkpoints/torch_files.h"
#include "clip/mini_clip.h"
#include "clip/torch_file.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// Checkpoints of our own making in the reference's form, on a mini CLIP of width 8.
class ReferenceCheckpoints : public testing::Test {
 protected:
  static ClipModel write_model(const std::filesystem::path& folder) {
    test::write_mini_clip(folder);
    return ClipModel::load(folder);
  }

  /// As CoOp on the classes "abc" and "c!!", with the buffers that its module has.
  TorchDict coop_state(int64_t context_tokens = 2) const {
    return {{"ctx", at::arange(context_tokens * 8, torch::kFloat).view({context_tokens, 8})},
            {"token_prefix", embedded({{kStart}, {kStart}})},
            {"token_suffix", suffixes({"abc", "c!!"})}};
  }

  static TorchDict meta_net() {
    return {{"meta_net.linear1.weight", at::ones({1, 4})},
            {"meta_net.linear1.bias", at::ones({1})},
            {"meta_net.linear2.weight", at::ones({8, 1})},
            {"meta_net.linear2.bias", at::ones({8})}};
  }

  ReferenceCheckpoint written_and_read(const TorchDict& state,
                                       const TorchDict& more = {{"epoch", int64_t{6}}}) const {
    TorchDict contents = {{"state_dict", state}};
    contents.insert(contents.end(), more.begin(), more.end());
    write_torch_file(path_, contents);
    return read_reference_checkpoint(path_);
  }

  Tensor embedded(const std::vector<std::vector<int64_t>>& tokens) const {
    std::vector<Tensor> rows;
    const Tensor& embedding = model_.checkpoint().at("token_embedding.weight");
    for (const auto& row : tokens) rows.push_back(embedding.index_select(0, torch::tensor(row)));
    return at::stack(rows);
  }

  /// As MaPLe on the same classes, with two learned words of "a photo of a" and the frozen model around it.
  TorchDict maple_state() const {
    return {{"prompt_learner.ctx", at::ones({2, 8})},
            {"prompt_learner.proj.weight", at::ones({6, 8})},
            {"prompt_learner.proj.bias", at::ones({6})},
            {"prompt_learner.compound_prompts_text.0", at::full({2, 8}, 2)},
            {"prompt_learner.compound_prompt_projections.0.weight", at::full({6, 8}, 3)},
            {"prompt_learner.compound_prompt_projections.0.bias", at::full({6}, 3)},
            {"prompt_learner.token_prefix", embedded({{kStart}, {kStart}})},
            {"prompt_learner.token_suffix", suffixes({"of a abc", "of a c!!"})},
            {"image_encoder.conv1.weight", at::ones({6, 3, 2, 2})},
            {"text_encoder.ln_final.weight", at::ones({8})},
            {"logit_scale", at::ones({})}};
  }

  /// As PromptSRC on them, with four learned words.
  TorchDict promptsrc_state() const {
    return {{"prompt_learner.ctx", at::ones({4, 8})},
            {"prompt_learner.token_prefix", embedded({{kStart}, {kStart}})},
            {"prompt_learner.token_suffix", suffixes({"abc", "c!!"})},
            {"prompt_learner.ZS_image_encoder.proj", at::ones({6, 4})},
            {"image_encoder.VPT", at::ones({3, 6})},
            {"image_encoder.transformer.resblocks.1.VPT_shallow", at::full({3, 6}, 2)},
            {"image_encoder.transformer.resblocks.1.ln_1.weight", at::ones({6})},
            {"text_encoder.transformer.resblocks.1.VPT_shallow", at::full({4, 8}, 3)},
            {"text_encoder.transformer.resblocks.2.VPT_shallow", at::full({4, 8}, 4)},
            {"logit_scale", at::ones({})}};
  }

  /// The embeddings of "name . [EOS]", padded.
  Tensor suffixes(const ClassNames& names) const {
    std::vector<std::vector<int64_t>> rows;
    for (const std::string& name : names) {
      auto& row = rows.emplace_back(model_.tokenizer()->encode(name + "."));
      row.push_back(kStart + 1);
      row.resize(12, 0);
    }
    return embedded(rows);
  }

  static constexpr int64_t kStart = 515;  // of 517 tokens

  test::ScratchFolder scratch_;
  const ClipModel model_ = write_model(scratch_ / "clip");
  const std::filesystem::path path_ = scratch_ / "model.pth.tar-6";
};

TEST_F(ReferenceCheckpoints, TellMethodStateAndEpoch) {
  const ReferenceCheckpoint coop = written_and_read(coop_state());
  EXPECT_EQ(coop.learned.method, "coop");
  EXPECT_EQ(coop.origin.file, "model.pth.tar-6");
  EXPECT_EQ(coop.origin.epoch, 6);
  ASSERT_EQ(coop.learned.state.size(), 1U);
  EXPECT_TRUE(at::equal(coop.context(), at::arange(16, torch::kFloat).view({2, 8})));

  TorchDict state = coop_state();
  for (const TorchEntry& entry : meta_net()) state.push_back(entry);
  const ReferenceCheckpoint cocoop = written_and_read(state, {});
  EXPECT_EQ(cocoop.learned.method, "cocoop");
  EXPECT_EQ(cocoop.learned.state.size(), 5U);
  EXPECT_FALSE(cocoop.origin.epoch);
}

TEST_F(ReferenceCheckpoints, OfWholeModelsLeaveOnlyWhatIsLearned) {
  const ReferenceCheckpoint maple = written_and_read(maple_state());
  EXPECT_EQ(maple.learned.method, "maple");
  EXPECT_EQ(maple.learned.options, (OptionValues{{"n_ctx", int64_t{2}},
                                                 {"ctx_init", std::string("a photo")},
                                                 {"rest", std::string("of a {}.")},
                                                 {"depth", int64_t{2}}}));
  const NamedTensors& state = maple.learned.state;
  ASSERT_EQ(state.size(), 6U);
  const std::vector<std::string> names = {"ctx",
                                          "deep.1",
                                          "projection.0.bias",
                                          "projection.0.weight",
                                          "projection.1.bias",
                                          "projection.1.weight"};
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(state[i].first, names[i]);
  EXPECT_TRUE(at::equal(state[1].second, at::full({2, 8}, 2.f)));
  EXPECT_TRUE(at::equal(state[5].second, at::full({6, 8}, 3.f)));
  EXPECT_EQ(class_names_in(maple, model_), (ClassNames{"abc", "c !!"}));
  check_classes(maple, {"abc", "c!!"}, model_);
  EXPECT_ERROR(check_classes(maple, {"abc", "b"}, model_),
               "class 1 that it was trained on is 'c !!', not 'b'");

  const ReferenceCheckpoint promptsrc = written_and_read(promptsrc_state());
  EXPECT_EQ(promptsrc.learned.method, "promptsrc");
  EXPECT_EQ(promptsrc.learned.options, (OptionValues{{"n_ctx", int64_t{4}},
                                                     {"ctx_init", std::string("a photo of a")},
                                                     {"rest", std::string("{}.")},
                                                     {"depth", int64_t{3}},
                                                     {"n_ctx_vision", int64_t{3}},
                                                     {"depth_vision", int64_t{2}}}));
  ASSERT_EQ(promptsrc.learned.state.size(), 5U);
  EXPECT_EQ(promptsrc.learned.state[4].first, "image.1");
  EXPECT_TRUE(at::equal(promptsrc.learned.state[4].second, at::full({3, 6}, 2.f)));
  EXPECT_EQ(class_names_in(promptsrc, model_), (ClassNames{"abc", "c !!"}));
}

TEST_F(ReferenceCheckpoints, OfOtherWholeModelsAreRefused) {
  EXPECT_ERROR(written_and_read({{"prompt_learner.ctx", at::ones({4, 8})}, {"logit_scale", at::ones({})}}),
               "holds a whole model with a prompt of neither MaPLe's nor PromptSRC's");
  TorchDict gap = promptsrc_state();
  gap.erase(gap.begin() + 7);  // the text tokens of block 1
  EXPECT_ERROR(written_and_read(gap), "lacks learned tokens of a block");
  TorchDict more = maple_state();
  more.push_back({"prompt_learner.router.weight", at::ones({2})});
  EXPECT_ERROR(written_and_read(more), "holds router.weight, which is neither");
}

TEST_F(ReferenceCheckpoints, AreReadInHalfPrecisionAndOfDataParallelTrainers) {
  const Tensor halves = at::linspace(-1, 1, 16).view({2, 8}).to(torch::kHalf);
  const ReferenceCheckpoint checkpoint = written_and_read({{"module.ctx", halves}});
  EXPECT_EQ(checkpoint.context().scalar_type(), torch::kFloat);
  EXPECT_TRUE(at::equal(checkpoint.context(), halves.to(torch::kFloat)));
}

TEST_F(ReferenceCheckpoints, TellTheirClassesByTheirTokens) {
  const ReferenceCheckpoint checkpoint = written_and_read(coop_state());
  EXPECT_EQ(class_names_in(checkpoint, model_), (ClassNames{"abc", "c !!"}));
  EXPECT_NO_THROW(check_classes(checkpoint, {"ABC", "c_!!"}, model_)) << "the same tokens";
  EXPECT_ERROR(check_classes(checkpoint, {"abc", "b"}, model_),
               "class 1 that it was trained on is 'c !!', not 'b'");
  EXPECT_ERROR(check_classes(checkpoint, {"abc"}, model_), "was trained on 2 classes, not 1");
  EXPECT_TRUE(class_names_in(written_and_read({{"ctx", at::zeros({2, 8})}}), model_).empty());
}

TEST_F(ReferenceCheckpoints, WriteTheirClassesAsPeopleDo) {
  const auto read = [&](const ClassNames& names) {
    TorchDict state = coop_state();
    state.back() = {"token_suffix", suffixes(names)};
    return class_names_in(written_and_read(state), model_);
  };
  for (const ClassNames& names : std::vector<ClassNames>{
           {"2012 ab", "a-b"}, {"f-16 a/b", "st. b"}, {"ab (c a)", "a's b"}, {"a, b", "a & b"}})
    EXPECT_EQ(read(names), names);
  EXPECT_EQ(read({"a 737", "2012ab"}), (ClassNames{"a 737", "2012 ab"})) << "the same tokens";
}

TEST_F(ReferenceCheckpoints, TellHowManyClassesAClassSpecificContextHas) {
  const ReferenceCheckpoint checkpoint = written_and_read({{"ctx", at::zeros({3, 2, 8})}});
  EXPECT_ERROR(check_classes(checkpoint, {"a", "b"}, model_), "was trained on 3 classes, not 2");
  EXPECT_NO_THROW(check_classes(checkpoint, {"a", "b", "c"}, model_));
}

TEST_F(ReferenceCheckpoints, BelongToOneModel) {
  EXPECT_NO_THROW(check_model(written_and_read(coop_state()), model_));
  TorchDict state = coop_state();
  state[1].value = embedded({{3}, {3}});
  EXPECT_ERROR(check_model(written_and_read(state), model_),
               "its embedding of the start of text is not the model's");
  EXPECT_ERROR(check_model(written_and_read({{"ctx", at::zeros({2, 512})}}), model_),
               "its context has width 512, and the model's 8");
  TorchDict meta = meta_net();
  meta[0].value = at::ones({1, 64});
  meta.insert(meta.begin(), {"ctx", at::zeros({2, 8})});
  EXPECT_ERROR(check_model(written_and_read(meta), model_), "its Meta-Net has width 64, and the model's 4");
}

TEST_F(ReferenceCheckpoints, AreToldFromOtherFiles) {
  EXPECT_ERROR(written_and_read({{"weight", at::zeros({2, 8})}}), "has no context (ctx)");
  EXPECT_ERROR(written_and_read({{"ctx", at::zeros({2, 8})}, {"compound_prompts_text.0", at::zeros({2, 8})}}),
               "holds compound_prompts_text.0, which is neither CoOp's, CoCoOp's");
  EXPECT_ERROR(written_and_read({{"ctx", at::zeros({2, 8})}, {"meta_net.linear1.bias", at::zeros({1})}}),
               "has only a part of CoCoOp's Meta-Net");
  write_trained_prompt(path_, {test::sample_spec(), {"a"}, {{"ctx", at::zeros({2, 8})}}});
  EXPECT_ERROR(read_reference_checkpoint(path_), "model.pth.tar-6: is no file of torch.save");
  write_file(path_, "PK\3\4 and no more");
  EXPECT_ERROR(read_reference_checkpoint(path_), "model.pth.tar-6: is damaged");
  EXPECT_ERROR(read_reference_checkpoint(scratch_ / "none"), "none");
}

TrainedPrompt sample_prompt() {
  const auto numbers = [](at::IntArrayRef shape) {
    return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(3));
  };
  TrainedPrompt prompt = {test::sample_spec("brands", 2, "cocoop"),
                          {"yin_yang", "Bücher"},
                          {{"ctx", numbers({2, 8})},
                           {"meta_net.linear1.weight", numbers({1, 4})},
                           {"meta_net.linear1.bias", numbers({1})},
                           {"meta_net.linear2.weight", numbers({8, 1})},
                           {"meta_net.linear2.bias", numbers({8})}}};
  prompt.run.options["n_ctx"] = int64_t{2};
  return prompt;
}

TEST_F(ReferenceCheckpoints, GiveAnExportedPromptBackBitByBit) {
  TrainedPrompt prompt = sample_prompt();
  prompt.origin = PromptOrigin{"model.pth.tar-10", 10};
  write_reference_checkpoint(path_, prompt);
  const ReferenceCheckpoint checkpoint = read_reference_checkpoint(path_);
  ASSERT_TRUE(checkpoint.exported);
  EXPECT_EQ(checkpoint.exported->run.id(), prompt.run.id());
  EXPECT_EQ(checkpoint.exported->class_names, prompt.class_names);
  EXPECT_EQ(checkpoint.exported->origin->file, "model.pth.tar-10");
  EXPECT_EQ(checkpoint.origin.epoch, 10);
  ASSERT_EQ(checkpoint.exported->state.size(), prompt.state.size());
  for (size_t i = 0; i < prompt.state.size(); ++i) {
    EXPECT_EQ(checkpoint.exported->state[i].first, prompt.state[i].first);
    EXPECT_TRUE(at::equal(checkpoint.exported->state[i].second, prompt.state[i].second))
        << prompt.state[i].first;
  }
}

TEST_F(ReferenceCheckpoints, AreWrittenOfTheirTensorsOnly) {
  TrainedPrompt prompt = sample_prompt();
  prompt.state = {{"weight", at::zeros({2, 8})}};
  EXPECT_ERROR(write_reference_checkpoint(path_, prompt),
               "trained prompt of cocoop on brands, 16 shots, seed 2: has the tensors weight");
}

TEST_F(ReferenceCheckpoints, AreNotWrittenOfOtherPromptsWithTensorsOfTheSameNames) {
  const auto expect_refused = [&](const TrainedPrompt& prompt) {
    EXPECT_ERROR(write_reference_checkpoint(path_, prompt), "its prompts are not CoOp's");
  };
  TrainedPrompt with_words = sample_prompt();
  with_words.run.options["rest"] = std::string("of a {}.");
  expect_refused(with_words);
  TrainedPrompt with_attributes = sample_prompt();
  with_attributes.run.options["n_ctx"] = int64_t{1};
  expect_refused(with_attributes);
  TrainedPrompt with_tokens = sample_prompt();
  with_tokens.state[3].second = at::zeros({16, 1});
  expect_refused(with_tokens);
  TrainedPrompt of_a_wider_net = sample_prompt();
  of_a_wider_net.state[1].second = at::zeros({2, 4});
  expect_refused(of_a_wider_net);
}

/// What the reference does with a checkpoint (Dassl's load_checkpoint, CoCoOp's load_model), in PyTorch.
constexpr const char* kLoadInPyTorch = R"(
import sys, torch
checkpoint = torch.load(sys.argv[1], map_location="cpu")
state, epoch, result = checkpoint["state_dict"], checkpoint["epoch"], checkpoint["val_result"]
class MetaNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = torch.nn.Linear(4, 1)
        self.linear2 = torch.nn.Linear(1, 8)
class PromptLearner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ctx = torch.nn.Parameter(torch.zeros(2, 8))
        self.meta_net = MetaNet()
        self.register_buffer("token_prefix", torch.zeros(2, 1, 8))
learner = PromptLearner()
unfit = learner.load_state_dict(state, strict=False)
assert unfit.missing_keys == ["token_prefix"] and not unfit.unexpected_keys, unfit
tensors = [learner.ctx] + [p for p in learner.meta_net.parameters()]
values = torch.cat([t.detach().flatten() for t in tensors])
open(sys.argv[2], "wb").write(values.numpy().tobytes())
open(sys.argv[3], "w").write(f"{epoch} {result}")
)";

/// A Python that has PyTorch; "" where there is none.
std::string python_with_torch() {
  for (const std::string python : {"python3", "/usr/bin/python3"}) {
    if (std::system((python + " -c 'import torch, numpy' 2> /dev/null").c_str()) == 0) return python;
  }
  return "";
}

TEST_F(ReferenceCheckpoints, AreLoadedByPyTorch) {
  const std::string python = python_with_torch();
  if (python.empty()) GTEST_SKIP() << "PyTorch is not installed (python3-torch)";
  const TrainedPrompt prompt = sample_prompt();
  write_reference_checkpoint(path_, prompt);
  write_file(scratch_ / "load.py", kLoadInPyTorch);
  const std::string command =
      "cd '" + scratch_.path().string() + "' && " + python + " load.py model.pth.tar-6 values told";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(scratch_ / "told"), "200 None");
  std::vector<Tensor> parts;
  for (const auto& [name, tensor] : prompt.state) parts.push_back(tensor.flatten());
  const Tensor values = at::cat(parts);
  EXPECT_EQ(read_file(scratch_ / "values"),
            std::string(static_cast<const char*>(values.data_ptr()), values.nbytes()));
}

}  // namespace
}  // namespace promptbed
