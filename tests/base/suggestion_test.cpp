#include "base/suggestion.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

const std::vector<std::string> kMethods = {"clip_zeroshot", "cocoop", "coop", "kgcoop", "vpt"};

TEST(Suggestion, NamesTheWordThatWasMeant) {
  EXPECT_EQ(did_you_mean("coopp", kMethods), "did you mean coop?");     // one too many
  EXPECT_EQ(did_you_mean("cop", kMethods), "did you mean coop?");       // one left out
  EXPECT_EQ(did_you_mean("copo", kMethods), "did you mean coop?");      // two swapped
  EXPECT_EQ(did_you_mean("kgcoup", kMethods), "did you mean kgcoop?");  // one wrong
  EXPECT_EQ(did_you_mean("clip_zreoshto", kMethods), "did you mean clip_zeroshot?");
}

TEST(Suggestion, TakesNeitherCaseNorDashesForSlips) {
  EXPECT_EQ(did_you_mean("VPT", kMethods), "did you mean vpt?");
  EXPECT_EQ(did_you_mean("CLIP-Zeroshot", kMethods), "did you mean clip_zeroshot?");
}

TEST(Suggestion, NamesSeveralThatAreAsNearAndNoneOfACrowd) {
  EXPECT_EQ(did_you_mean("runt", {"runs", "rung", "walk"}), "did you mean runs or rung?");
  EXPECT_EQ(did_you_mean("runt", {"runs", "rung", "rune", "run"}), "");
}

TEST(Suggestion, PrefersTheNearest) {
  EXPECT_EQ(did_you_mean("mehtods", {"methods", "method"}, "--"), "did you mean --methods?");
}

TEST(Suggestion, IsSilentAboutWordsThatAreFar) {
  EXPECT_EQ(did_you_mean("colour", kMethods), "");
  EXPECT_EQ(did_you_mean("x", {"y"}), "");
  EXPECT_EQ(did_you_mean("", kMethods), "");
  EXPECT_EQ(did_you_mean(std::string(1000, 'c'), kMethods), "");
}

TEST(Suggestion, RemediesNameAllWhereNoneIsNear) {
  EXPECT_EQ(remedy_for("coopp", kMethods), "did you mean coop?");
  EXPECT_EQ(remedy_for("bse", {"base", "new", "all"}), "known: base, new, all");
  EXPECT_EQ(remedy_for("radar", {"base-new", "runs"}), "known: base-new, runs");
}

}  // namespace
}  // namespace promptbed
