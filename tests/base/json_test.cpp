#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

std::string nested(size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(Json, IsReadFromTextsAndFiles) {
  EXPECT_EQ(parse_json(R"({"a": [1, "]{"]})", "x"), (nlohmann::json{{"a", {1, "]{"}}}));
  test::ScratchFolder scratch;
  write_file(scratch / "a.json", "\xef\xbb\xbf[1]");
  EXPECT_EQ(read_json(scratch / "a.json"), nlohmann::json({1}));
}

TEST(Json, ErrorsNameTheSourceAndTheLine) {
  EXPECT_ERROR(parse_json("oops", "a.json"), "a.json: is not JSON; fix or replace the file");
  EXPECT_ERROR(parse_json("{\n  \"a\": 1,\n  oops\n}", "a.json"), "a.json, line 3: is not JSON");
  EXPECT_ERROR(parse_json("\"caf\xe9\"", "a.json"), "a.json: is not JSON");
  EXPECT_ERROR(parse_json("", "a.json"), "a.json: is not JSON");
}

TEST(Json, ANumberOutOfRangeIsAnError) {
  EXPECT_ERROR(parse_json("[8e999]", "a.json"),
               "a.json: holds a number out of range; fix or replace the file");
}

TEST(Json, IsNestedAHundredLevelsDeepAtMost) {
  EXPECT_EQ(parse_json(nested(100), "a.json").size(), 1U);
  EXPECT_ERROR(parse_json(nested(101), "a.json"), "a.json: is nested too deeply; fix or replace the file");
  EXPECT_ERROR(parse_json(std::string(400'000, '['), "a.json"), "a.json: is nested too deeply");
  const std::string brackets_in_texts =
      "[\"" + std::string(200, '[') + "\\\"" + std::string(200, '{') + "\"]";
  EXPECT_EQ(parse_json(brackets_in_texts, "a.json").size(), 1U);
}

TEST(Json, RepeatedKeysAreRefusedWhereReadersWouldDisagree) {
  const char* text = R"({"b": {"a": 1}, "a": 2, "c": [{"a": 1}, {"a": 2}], "a": 3})";
  EXPECT_EQ(parse_json(text, "x").at("a"), 3);
  EXPECT_ERROR(parse_json(text, "x", RepeatedKeys::refused),
               "x: has the key 'a' twice; fix or replace the file");
  EXPECT_EQ(parse_json(R"({"b": {"a": 1}, "a": 2})", "x", RepeatedKeys::refused).at("a"), 2);
}

TEST(Json, AWholeNumberIsOneOf64BitsWithASign) {
  EXPECT_EQ(whole_number(-3), -3);
  EXPECT_EQ(whole_number(parse_json("9223372036854775807", "x")), INT64_MAX);
  EXPECT_EQ(whole_number(parse_json("9223372036854775808", "x")), std::nullopt);
  for (const char* other : {"2.0", "\"2\"", "null", "[2]", "true"})
    EXPECT_EQ(whole_number(parse_json(other, "x")), std::nullopt) << other;
}

}  // namespace
}  // namespace promptbed
