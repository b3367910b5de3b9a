#include "results/run_files.h"

namespace promptbed {

std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "prompts" / (run + ".safetensors");
}

std::filesystem::path log_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "logs" / (run + ".log");
}

}  // namespace promptbed
