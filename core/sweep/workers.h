#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace promptbed {

/// Starts `count` copies of this program with the given arguments, writes the lines to the standard input of
/// each, and waits for them all. Calls `watch` a few times a second. On Ctrl-C the copies are asked to stop
/// and waited for; they also stop where this process dies. Returns a line for each copy that did not end
/// well; the others go on. Throws Error where a copy cannot be started.
std::vector<std::string> run_workers(const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& lines, int64_t count,
                                     const std::function<void()>& watch);

}  // namespace promptbed
