#include "formats/model_settings.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

using nlohmann::json;

ModelSettings settings(const std::string& text) {
  return {json::parse(text), "config.json"};
}

TEST(ModelSettings, TakeNullForTheDefault) {
  const ModelSettings some = settings(R"({"heads": null, "eps": null, "text": null})");
  EXPECT_FALSE(some.has("heads"));
  EXPECT_EQ(some.whole("heads", 8), 8);
  EXPECT_EQ(some.whole("absent", 7), 7);
  EXPECT_TRUE(some.part("text").keys().empty());
  EXPECT_NO_THROW(some.require("eps", 1e-5));
}

TEST(ModelSettings, GiveValuesOfTheirType) {
  const ModelSettings some = settings(R"({"a": true, "b": 3, "c": 0.5, "d": "x"})");
  EXPECT_TRUE(some.flag("a", false));
  EXPECT_EQ(some.whole("b", 0), 3);
  EXPECT_EQ(some.number("b", 0), 3.0);
  EXPECT_EQ(some.number("c", 0), 0.5);
  EXPECT_EQ(some.text("d", ""), "x");
  EXPECT_ERROR(some.flag("b", false), "config.json: b is 3; give true or false");
  EXPECT_ERROR(some.whole("c", 0), "config.json: c is 0.5; give a whole number");
  EXPECT_ERROR(some.number("d", 0), "config.json: d is \"x\"; give a number");
  EXPECT_ERROR(some.text("a", ""), "config.json: a is true; give a text");
  EXPECT_ERROR(some.part("b"), "config.json: b is 3; it should be an object of settings");
  EXPECT_ERROR(settings("[]"), "config.json: is no JSON object of settings");
}

TEST(ModelSettings, TellTheOneValueThatClipHas) {
  const ModelSettings text = settings(R"({"text": {"pool": "last", "causal": true}})").part("text");
  EXPECT_NO_THROW(text.require("causal", true));
  EXPECT_ERROR(text.require("pool", "argmax"),
               "config.json: text.pool is \"last\" where a CLIP has \"argmax\"; give a model of OpenAI's "
               "architecture");
}

TEST(ModelSettings, AreTheSameNumberAfterARoundTripThroughF32) {
  EXPECT_NO_THROW(settings(R"({"eps": 9.999999747378752e-06})").require("eps", 1e-5));
  EXPECT_NO_THROW(settings(R"({"width": 64.0})").require("width", 64));
  EXPECT_ERROR(settings(R"({"eps": 1e-6})").require("eps", 1e-5), "eps is 1e-06 where a CLIP has 1e-05");
}

}  // namespace
}  // namespace promptbed
