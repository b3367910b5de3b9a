#include <gtest/gtest.h>
#include <promptbed/options.h>

#include <vector>

#include "support/expect_error.h"

namespace promptbed {
namespace {

using namespace std::string_view_literals;

const std::vector<OptionSpec> kSpecs = {{"n_ctx", OptionType::integer, "4", "context tokens"},
                                        {"weight", OptionType::real, "0.5", "of the second loss"},
                                        {"csc", OptionType::boolean, "false", "class-specific"},
                                        {"ctx_init", OptionType::text, "", "words"}};

TEST(Options, StartAtTheDeclaredDefaults) {
  const Options options(kSpecs);
  EXPECT_EQ(options.integer("n_ctx"), 4);
  EXPECT_EQ(options.real("weight"), 0.5);
  EXPECT_FALSE(options.boolean("csc"));
  EXPECT_EQ(options.text("ctx_init"), "");
  EXPECT_EQ(options.values().size(), kSpecs.size());
}

TEST(Options, AreSetFromText) {
  Options options(kSpecs);
  options.set("n_ctx", "16"sv);
  options.set("weight", "1e-3"sv);
  options.set("csc", "true"sv);
  options.set("ctx_init", "a photo of a"sv);
  EXPECT_EQ(options.integer("n_ctx"), 16);
  EXPECT_EQ(options.real("weight"), 1e-3);
  EXPECT_TRUE(options.boolean("csc"));
  EXPECT_EQ(options.text("ctx_init"), "a photo of a");
}

TEST(Options, RefuseTextThatIsNotOfTheType) {
  Options options(kSpecs);
  EXPECT_ERROR(options.set("n_ctx", "four"sv), "option n_ctx: \"four\" is not an integer");
  EXPECT_ERROR(options.set("n_ctx", "4.5"sv), "option n_ctx: \"4.5\" is not an integer");
  EXPECT_ERROR(options.set("n_ctx", ""sv), "option n_ctx: \"\" is not an integer");
  EXPECT_ERROR(options.set("n_ctx", "99999999999999999999"sv), "is not an integer");
  EXPECT_ERROR(options.set("weight", "0,5"sv), "option weight: \"0,5\" is not a number");
  EXPECT_ERROR(options.set("csc", "yes"sv), "option csc: \"yes\" is not true or false");
  EXPECT_EQ(options.integer("n_ctx"), 4);
}

TEST(Options, RefuseAValueOfAnotherType) {
  Options options(kSpecs);
  EXPECT_ERROR(options.set("n_ctx", OptionValue(0.5)), "option n_ctx takes an integer");
  EXPECT_ERROR(options.set("ctx_init", OptionValue(true)), "option ctx_init takes text");
}

TEST(Options, ListTheKnownNamesForAnUnknownOne) {
  Options options(kSpecs);
  EXPECT_ERROR(options.set("nctx", "4"sv), "no option nctx; known: csc, ctx_init, n_ctx, weight");
  EXPECT_ERROR(Options().set("n_ctx", "4"sv), "no option n_ctx; there are none");
}

TEST(Options, TakeOthersUnderAPrefixAndGiveThemBack) {
  Options both(kSpecs);
  const Options others(kSpecs);
  both.add("base.", others);
  both.set("base.n_ctx", "16"sv);
  EXPECT_EQ(both.values().size(), 2 * others.values().size());
  EXPECT_EQ(both.integer("n_ctx"), 4);
  EXPECT_EQ(both.part("base.").integer("n_ctx"), 16);
  EXPECT_EQ(both.part("base.").values().size(), others.values().size());
  EXPECT_ERROR(both.add("base.", others), "two options are named base.csc; rename one");
}

TEST(Options, RefuseADefaultThatIsNotOfItsType) {
  const std::vector<OptionSpec> specs = {{"n_ctx", OptionType::integer, "many", ""}};
  EXPECT_ERROR(Options(specs), "option n_ctx: \"many\" is not an integer");
}

}  // namespace
}  // namespace promptbed
