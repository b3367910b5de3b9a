#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHex = "[0-9a-f]{16}";

/// What `runner` and its workers asked of the disk, in order, with paths as they are behind the world's.
std::vector<std::string> calls_of_sweep(const test::SweepWorld& world) {
  const fs::path log = world / "calls.txt";
  const std::string preload = std::string(PROMPTBED_FIXTURES) + "/logged_calls.so";
  const auto done =
      world.sweep("coop", {"--datasets", "one", "--seeds", "1"},
                  "LD_PRELOAD=" + test::quoted(preload) + " CALL_LOG=" + test::quoted(log.string()));
  EXPECT_EQ(done.code, 0) << done.err;
  const std::string root = fs::canonical(world / ".").string() + '/';
  std::vector<std::string> calls;
  std::istringstream in(read_file(log));
  for (std::string line; std::getline(in, line);) {
    for (size_t at = line.find(root); at != std::string::npos; at = line.find(root))
      line.erase(at, root.size());
    calls.push_back(line);
  }
  return calls;
}

/// Expects that calls like these come in this order, whatever lies between them.
void expect_order(const std::vector<std::string>& calls, const std::vector<std::string>& patterns) {
  auto place = calls.begin();
  for (const std::string& pattern : patterns) {
    const std::regex expected(pattern);
    place = std::find_if(place, calls.end(),
                         [&](const std::string& call) { return std::regex_match(call, expected); });
    std::string all;
    for (const std::string& call : calls) all += call + '\n';
    ASSERT_NE(place, calls.end()) << "no " << pattern << " in its place among\n" << all;
    ++place;
  }
}

TEST(Durability, APromptIsOnTheDiskBeforeTheLedgerSpeaksOfIt) {
  const test::SweepWorld world;
  const std::string prompt = std::string("runs/prompts/") + kHex + "\\.safetensors";
  const std::string pending = prompt + "\\." + kHex + "\\.tmp", written = pending + "\\." + kHex + "\\.tmp";
  expect_order(calls_of_sweep(world),
               {"sync " + written, "rename " + written + ' ' + pending, "sync runs/prompts",
                // And now the sweep, once it knows that the run is still its own.
                "rename " + pending + ' ' + prompt, "sync runs/prompts",
                // SQLite's commit: the database, and then the end of its journal.
                "sync runs/promptbed\\.db", "unlink runs/promptbed\\.db-journal", "sync runs"});
}

TEST(Durability, FeaturesAreOnTheDiskBeforeTheyHaveTheirName) {
  const test::SweepWorld world;
  const std::string cache = std::string("runs/cache/") + kHex + "/.*one.*\\.h5";
  const std::string written = cache + "\\." + kHex + "\\.tmp";
  expect_order(calls_of_sweep(world), {"sync " + written, "rename " + written + ' ' + cache,
                                       std::string("sync runs/cache/") + kHex});
}

}  // namespace
}  // namespace promptbed
