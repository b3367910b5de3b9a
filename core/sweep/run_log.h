#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace promptbed {

/// The log of one attempt at a run, appended to those of earlier ones. Until it is destroyed, all that this
/// process writes to standard output and standard error goes there too: what a plugin prints, and what the
/// system says of a crash.
class RunLog {
 public:
  /// Begins with a line of the time and the title. Throws Error if the file cannot be written.
  RunLog(const std::filesystem::path& path, const std::string& title);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  std::ostream& out() { return out_; }

 private:
  std::ofstream out_;
  int standard_output_, standard_error_;  // their former targets
};

}  // namespace promptbed
