#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed::test {

/// A world in which `runner train` has made one prompt of CoOp on the base classes of dataset "one"; made
/// once for all tests of a suite, which only look.
class SingleSteps : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = std::make_unique<SweepWorld>();
    trained_ = run(on_world({"train", "--method", "coop", "--dataset", "one", "--shots", "2", "--views", "2",
                             "--epochs", "2", "--threads", "1"}));
    ASSERT_EQ(trained_.code, 0) << trained_.err;
    id_ = Ledger::open_existing(*world_ / "runs/promptbed.db").list().at(0).id;
  }
  static void TearDownTestSuite() { world_.reset(); }

  static Finished run(const std::vector<std::string>& words) { return world_->run(words); }

  /// The words with the options that name the world's suite, model and data.
  static std::vector<std::string> on_world(std::vector<std::string> words) {
    words.insert(words.end(), {"--suite", "small", "--model", "model", "--data", "data"});
    return words;
  }

  static nlohmann::json json_of(const std::vector<std::string>& words) {
    const Finished result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return nlohmann::json::parse(result.out);
  }

  /// Exit code 2, nothing on standard output, and one line that has the part.
  static void expect_refused(const std::vector<std::string>& words, const std::string& part) {
    const Finished result = run(words);
    EXPECT_EQ(result.code, 2) << part;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(count_errors(result.err), 1) << result.err;
    EXPECT_NE(result.err.find(part), std::string::npos) << "expected: " << part << "\ngot: " << result.err;
  }

  static inline std::unique_ptr<SweepWorld> world_;
  static inline Finished trained_;
  static inline std::string id_;
};

}  // namespace promptbed::test
