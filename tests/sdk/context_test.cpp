#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/context.h>

#include <limits>
#include <memory>

#include "support/expect_error.h"
#include "support/word_tokenizer.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

const std::vector<OptionSpec> kSpecs = {kContextTokens, kContextWords};

Options options_of(int64_t n_ctx, const std::string& ctx_init) {
  Options options(kSpecs);
  options.set("n_ctx", OptionValue(n_ctx));
  options.set("ctx_init", OptionValue(ctx_init));
  return options;
}

/// Embeds a token as its own number (W = 1), so that prompts can be read.
class LegibleEncoder final : public TextEncoder {
 public:
  Tensor encode(const PromptBatch&) const override { return {}; }
  Tensor embed(std::span<const int64_t> tokens) const override {
    return torch::tensor(std::vector<int64_t>(tokens.begin(), tokens.end())).to(torch::kFloat).unsqueeze(1);
  }
  int64_t context_length() const override { return 12; }
  int64_t width() const override { return 1; }
  int64_t embedding_width() const override { return 1; }
  int64_t blocks() const override { return 1; }
};

/// Tokens: the number of letters of a word, 0 for a full stop, 28 start, 29 end.
Task legible_task() {
  Task task;
  task.dataset = "zoo";
  task.class_names = {"cat", "polar_bear"};
  task.context_init = "a photo of a";
  task.tokenizer = std::make_shared<test::WordTokenizer>();
  task.context_length = 12;
  task.text_encoder = std::make_shared<LegibleEncoder>();
  task.generator = seeded_generator(1, "init");
  return task;
}

using Numbers = std::vector<float>;

Numbers read(const Tensor& tensor) {
  const Tensor flat = tensor.contiguous().view(-1);
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

TEST(ResolveContext, TakesTheDatasetsWordsWhereNothingIsGiven) {
  const Options options = resolve_context(options_of(0, ""), legible_task());
  EXPECT_EQ(options.text("ctx_init"), "a photo of a");
  EXPECT_EQ(options.integer("n_ctx"), 4);
}

TEST(ResolveContext, CountsTheTokensOfTheWords) {
  const Options options = resolve_context(options_of(0, "a_satellite picture"), legible_task());
  EXPECT_EQ(options.text("ctx_init"), "a_satellite picture");
  EXPECT_EQ(options.integer("n_ctx"), 3);
}

TEST(ResolveContext, LeavesTheWordsOutWhereOnlyACountIsGiven) {
  const Options options = resolve_context(options_of(5, ""), legible_task());
  EXPECT_EQ(options.text("ctx_init"), "");
  EXPECT_EQ(options.integer("n_ctx"), 5);
}

TEST(ResolveContext, GivesTheSameWhenItsResultIsResolvedAgain) {
  const Options once = resolve_context(options_of(0, ""), legible_task());
  EXPECT_EQ(resolve_context(once, legible_task()).values(), once.values());
}

TEST(ResolveContext, RefusesWordsAndACountThatDiffer) {
  EXPECT_EQ(resolve_context(options_of(2, "a photo"), legible_task()).integer("n_ctx"), 2);
  EXPECT_ERROR(resolve_context(options_of(3, "a photo"), legible_task()),
               "ctx_init \"a photo\" has 2 tokens and n_ctx says 3; leave one of the two out");
  EXPECT_ERROR(resolve_context(options_of(-1, ""), legible_task()),
               "option n_ctx: -1 is negative; give 0 or more");
}

TEST(ResolveContext, RefusesWordsWithoutAToken) {
  for (const char* words : {" ", "_"})
    EXPECT_ERROR(resolve_context(options_of(0, words), legible_task()), "has no token; give words, or n_ctx");
}

TEST(ResolveContext, RefusesAnyCountThatIsTooHigh) {
  EXPECT_ERROR(
      resolve_context(options_of(std::numeric_limits<int64_t>::max(), ""), legible_task()),
      "class \"cat\": the prompt has 9223372036854775811 tokens with 9223372036854775807 of context");
}

TEST(ResolveContext, NamesTheClassOfAPromptThatIsTooLong) {
  EXPECT_NO_THROW(resolve_context(options_of(7, ""), legible_task()));
  EXPECT_ERROR(resolve_context(options_of(8, ""), legible_task()),
               "class \"polar_bear\": the prompt has 13 tokens with 8 of context and the model takes "
               "12; use a shorter context");
  Task task = legible_task();
  task.new_class_names = {"old english sheep dog"};
  EXPECT_ERROR(resolve_context(options_of(6, ""), task), "class \"old english sheep dog\": the prompt");
}

TEST(InitialContext, IsTheEmbeddingOfTheWords) {
  EXPECT_EQ(read(initial_context(options_of(4, "a photo of a"), legible_task())), (Numbers{1, 5, 2, 1}));
}

TEST(InitialContext, IsDrawnFromTheTasksGenerator) {
  const Options options = options_of(5000, "");
  const Tensor context = initial_context(options, legible_task());
  EXPECT_EQ(context.sizes(), at::IntArrayRef({5000, 1}));
  EXPECT_NEAR(context.mean().item<double>(), 0, 0.001);
  EXPECT_NEAR(context.std().item<double>(), 0.02, 0.001);
  EXPECT_TRUE(at::equal(context, initial_context(options, legible_task())));
  Task other_seed = legible_task();
  other_seed.generator = seeded_generator(2, "init");
  EXPECT_FALSE(at::equal(context, initial_context(options, other_seed)));
}

TEST(InitialContext, DrawsEachCopyByItself) {
  const Tensor context = initial_context(options_of(4, ""), legible_task(), 2);
  EXPECT_EQ(context.sizes(), at::IntArrayRef({2, 4, 1}));
  EXPECT_FALSE(at::equal(context[0], context[1]));
}

TEST(NamePosition, IsEndMiddleOrFront) {
  EXPECT_EQ(parse_name_position("middle"), NamePosition::middle);
  EXPECT_ERROR(parse_name_position("back"), "no class-token position \"back\"; known: end, middle, front");
}

/// The prompts of "cat" (token 3) and "polar_bear" (5 4) with the context 101 ... in legible_task().
class LegiblePrompts : public ::testing::Test {
 protected:
  static PromptBatch shared(int64_t context_tokens, NamePosition position) {
    const Tensor context = at::arange(101.f, 101.f + static_cast<float>(context_tokens)).unsqueeze(1);
    const Task task = legible_task();
    return ContextPrompts(task, task.class_names, context_tokens, position).with_shared(context);
  }

  /// Vectors 101 ... for the first class and 201 ... for the second.
  static PromptBatch own(NamePosition position) {
    const Tensor context = torch::tensor({101.f, 102.f, 103.f, 201.f, 202.f, 203.f}).view({2, 3, 1});
    const Task task = legible_task();
    return ContextPrompts(task, task.class_names, 3, position).with_own(context);
  }
};

TEST_F(LegiblePrompts, EndWithTheName) {
  const PromptBatch prompts = shared(3, NamePosition::end);
  EXPECT_EQ(prompts.prefix.sizes(), at::IntArrayRef({1, 4, 1}));
  EXPECT_EQ(read(prompts.prefix), (Numbers{28, 101, 102, 103}));
  EXPECT_EQ(read(prompts.suffix), (Numbers{3, 0, 29, /**/ 5, 4, 0, 29}));
  EXPECT_EQ(prompts.suffix_lengths, (std::vector<int64_t>{3, 4}));
}

TEST_F(LegiblePrompts, HaveTheNameInTheMiddle) {
  const PromptBatch prompts = shared(3, NamePosition::middle);
  EXPECT_EQ(read(prompts.prefix), (Numbers{28, 101}));
  EXPECT_EQ(read(prompts.suffix), (Numbers{3, 102, 103, 0, 29, /**/ 5, 4, 102, 103, 0, 29}));
  EXPECT_EQ(prompts.suffix_lengths, (std::vector<int64_t>{5, 6}));
}

TEST_F(LegiblePrompts, HaveTheNameInFront) {
  const PromptBatch prompts = shared(2, NamePosition::front);
  EXPECT_EQ(read(prompts.prefix), (Numbers{28}));
  EXPECT_EQ(read(prompts.suffix), (Numbers{3, 101, 102, 0, 29, /**/ 5, 4, 101, 102, 0, 29}));
}

TEST_F(LegiblePrompts, TakeAContextOfEachImage) {
  const Tensor context = torch::tensor({101.f, 102.f, 201.f, 202.f}).view({2, 2, 1});
  const Task task = legible_task();
  const PromptBatch prompts = ContextPrompts(task, task.class_names, 2).with_shared(context);
  EXPECT_EQ(prompts.prefix.sizes(), at::IntArrayRef({2, 3, 1}));
  EXPECT_EQ(read(prompts.prefix), (Numbers{28, 101, 102, /**/ 28, 201, 202}));
  EXPECT_EQ(read(prompts.suffix), (Numbers{3, 0, 29, /**/ 5, 4, 0, 29}));
}

TEST_F(LegiblePrompts, TakeAContextOfEachClass) {
  const PromptBatch end = own(NamePosition::end);
  EXPECT_EQ(read(end.prefix), (Numbers{28}));
  EXPECT_EQ(read(end.suffix), (Numbers{101, 102, 103, 3, 0, 29, /**/ 201, 202, 203, 5, 4, 0, 29}));
  EXPECT_EQ(end.suffix_lengths, (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(read(own(NamePosition::middle).suffix),
            (Numbers{101, 3, 102, 103, 0, 29, /**/ 201, 5, 4, 202, 203, 0, 29}));
  EXPECT_EQ(read(own(NamePosition::front).suffix),
            (Numbers{3, 101, 102, 103, 0, 29, /**/ 5, 4, 201, 202, 203, 0, 29}));
}

}  // namespace
}  // namespace promptbed
