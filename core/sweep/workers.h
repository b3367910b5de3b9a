#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace promptbed {

/// Starts `jobs` copies of this program with the given arguments, writes the lines to the standard input of
/// each, and waits for them all. Calls `watch` a few times a second. On Ctrl-C the copies are asked to stop
/// and waited for; they also stop where this process dies. Throws Error where a copy cannot be started or
/// ends with an error.
void run_workers(const std::vector<std::string>& arguments, const std::vector<std::string>& lines,
                 int64_t jobs, const std::function<void()>& watch);

}  // namespace promptbed
