#include "results/run_record.h"

namespace promptbed {

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::running:
      return "running";
    case RunStatus::done:
      return "done";
    case RunStatus::failed:
      return "failed";
  }
  return "";
}

std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "prompts" / (run + ".safetensors");
}

std::filesystem::path log_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "logs" / (run + ".log");
}

}  // namespace promptbed
