#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace promptbed {

/// "signal 11 (Segmentation fault)" or "exit code 3", of a status that wait(2) gives; "" for exit code 0.
std::string describe_exit(int wait_status);

/// Runs `action` in a copy of this process, so that a crash stays there, and passes each line that it tells
/// to `hear`, in order and as it comes. Returns how the copy came to a bad end, or "". For a process without
/// other threads; `action` must not throw. Throws Error where no process can be started.
std::string run_in_child(
    const std::function<void(const std::function<void(std::string_view line)>& tell)>& action,
    const std::function<void(const std::string& line)>& hear);

}  // namespace promptbed
