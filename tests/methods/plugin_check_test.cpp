#include "methods/plugin_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "support/expect_error.h"

namespace promptbed {
namespace {

const std::filesystem::path kFaulty = std::filesystem::path(PROMPTBED_FIXTURES) / "faulty.so";

TEST(CheckPlugin, WritesALineForEachRuleAndCountsThem) {
  std::ostringstream out;
  EXPECT_TRUE(check_plugin(kFaulty, {"none"}, {}, out));
  EXPECT_NE(out.str().find("\nnone (version 1): "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("\n  pass  bind        it takes a task\n"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find(" rules kept, 0 broken, "), std::string::npos) << out.str();
}

TEST(CheckPlugin, ACrashIsABrokenRule) {
  std::ostringstream out;
  EXPECT_FALSE(check_plugin(kFaulty, {"crashes_in_bind"}, {}, out));
  EXPECT_NE(
      out.str().find("  FAIL  bind        it takes a task: the plugin ended its process with signal 11"),
      std::string::npos)
      << out.str();
}

TEST(CheckPlugin, RefusesAMethodThatThePluginDoesNotOffer) {
  std::ostringstream out;
  EXPECT_ERROR(check_plugin(kFaulty, {"nobody"}, {}, out),
               "faulty.so: offers no method nobody; it has none, ");
}

TEST(TypicalTasks, AreOnTheEmbeddedSuite) {
  const CheckTasks tasks = typical_tasks();
  EXPECT_EQ(tasks.trained.dataset, typical_setting().dataset);
  EXPECT_EQ(tasks.trained.class_names, tasks.other.new_class_names);
  EXPECT_EQ(tasks.trained.train.features.size(1), 2);
  EXPECT_EQ(tasks.trained.train.labels.size(0), 2 * static_cast<int64_t>(tasks.trained.class_names.size()));
}

}  // namespace
}  // namespace promptbed
