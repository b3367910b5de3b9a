#include "formats/json_object.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class JsonObjectTest : public testing::Test {
 protected:
  JsonObject read(const std::string& contents) const {
    write_file(scratch_ / "a.json", contents);
    return JsonObject::read(scratch_ / "a.json");
  }

  test::ScratchFolder scratch_;
};

TEST_F(JsonObjectTest, GivesEachKeyItsType) {
  JsonObject fields =
      read(R"({"id": "dtd", "names": ["a", "b"], "renames": {"a": "x"}, "count": 7, "in": {"id": "y"}})");
  EXPECT_EQ(fields.keys(), (std::vector<std::string>{"count", "id", "in", "names", "renames"}));
  EXPECT_EQ(fields.text("id"), "dtd");
  EXPECT_EQ(fields.text_or("title", "none"), "none");
  EXPECT_EQ(fields.texts("names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(fields.text_map("renames").at("a"), "x");
  EXPECT_TRUE(fields.text_map("none").empty());
  EXPECT_EQ(fields.count("count"), 7);
  EXPECT_EQ(fields.count("none"), std::nullopt);
  EXPECT_TRUE(fields.is_object("in"));
  EXPECT_FALSE(fields.is_object("id"));
  EXPECT_EQ(fields.object("in").text("id"), "y");
  fields.refuse_others();
}

TEST_F(JsonObjectTest, NamesTheFileAndTheKeyOfAFault) {
  JsonObject fields = read(
      R"({"empty": "", "list": [], "mixed": ["a", 1], "minus": -1, "huge": 9223372036854775808, "in": {"id": 3}})");
  EXPECT_ERROR(fields.text("id"), "a.json: 'id' is missing; add it");
  EXPECT_ERROR(fields.text("empty"), "a.json: 'empty' must be a text that is not empty");
  EXPECT_ERROR(fields.texts("list"), "a.json: 'list' must be a list of at least one text");
  EXPECT_ERROR(fields.texts("mixed"), "a.json: 'mixed' must be a list of at least one text");
  EXPECT_ERROR(fields.count("minus"), "a.json: 'minus' must be a whole number, 0 or more");
  EXPECT_ERROR(fields.count("huge"), "a.json: 'huge' must be a whole number, 0 or more");
  EXPECT_ERROR(fields.object("minus"), "a.json: 'minus' must be an object {...}");
  EXPECT_ERROR(fields.object("in").text("id"), "a.json: 'in.id' must be a text that is not empty");
  EXPECT_ERROR(read("[]"), "a.json: must hold a JSON object {...}");
}

TEST_F(JsonObjectTest, RefusesKeysThatNobodyAskedFor) {
  JsonObject fields = read(R"({"id": "dtd", "tilte": "Textures"})");
  fields.text("id");
  fields.has("title");
  EXPECT_ERROR(fields.refuse_others(), "a.json: 'tilte' is an unknown key; known: id, title");
}

}  // namespace
}  // namespace promptbed
