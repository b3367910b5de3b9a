#include "sweep/class_descriptions.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class ClassDescriptionsFile : public testing::Test {
 protected:
  ClassDescriptions read(const std::string& text) const {
    write_file(scratch_ / "words.json", text);
    return ClassDescriptions(scratch_ / "words.json");
  }

  test::ScratchFolder scratch_;
};

TEST_F(ClassDescriptionsFile, HoldsSentencesByClass) {
  const auto words =
      read(R"({"banded": ["Stripes.", "A banded thing."], "polka_dotted": ["Dots."], "x": ["y"]})");
  EXPECT_EQ(words.of({"banded", "polka dotted"}),
            (Descriptions{{"banded", {"Stripes.", "A banded thing."}}, {"polka dotted", {"Dots."}}}));
  EXPECT_EQ(words.of({"polka_dotted"}), (Descriptions{{"polka_dotted", {"Dots."}}}));
  EXPECT_ERROR(words.of({"banded", "woven"}), "words.json: does not describe class 'woven'; add it");
}

TEST_F(ClassDescriptionsFile, HoldsTemplatesForAllClasses) {
  const auto words = read(R"(["a photo of a {}.", "the {}"])");
  EXPECT_EQ(words.of({"green_tree", "green_tree"}),
            (Descriptions{{"green_tree", {"a photo of a green tree.", "the green tree"}}}));
}

TEST_F(ClassDescriptionsFile, GoesByItsBytes) {
  const std::string hash = read(R"(["{}"])").hash();
  EXPECT_EQ(read(R"(["{}"])").hash(), hash);
  EXPECT_NE(read(R"([ "{}"])").hash(), hash);
}

TEST_F(ClassDescriptionsFile, RefusesAnythingElse) {
  EXPECT_ERROR(read("{}"), "words.json: describes no class; give {\"class name\": [\"sentence\", ...], ...}");
  EXPECT_ERROR(read("7"), "words.json: describes no class");
  EXPECT_ERROR(read("[]"), "words.json: give a list of sentences");
  EXPECT_ERROR(read("{"), "words.json");
  EXPECT_ERROR(read(R"({"a": "one sentence"})"), "words.json: class 'a': give a list of sentences");
  EXPECT_ERROR(read(R"({"a": []})"), "words.json: class 'a': give a list of sentences");
  EXPECT_ERROR(read(R"({"a": ["x", ""]})"),
               "words.json: class 'a': \"\" is not a sentence; give a text in quotes");
  EXPECT_ERROR(read(R"({"a": [7]})"), "words.json: class 'a': 7 is not a sentence");
  EXPECT_ERROR(read(R"({"a_b": ["x"], "a b": ["y"]})"), "is there twice; remove one");
  EXPECT_ERROR(read(R"(["a photo of a class"])"), "words.json: template \"a photo of a class\"");
}

}  // namespace
}  // namespace promptbed
