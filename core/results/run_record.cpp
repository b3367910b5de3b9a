#include "results/run_record.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iterator>

namespace promptbed {
namespace {

const std::string& checked(const std::string& run) {
  if (is_run_id(run)) return run;
  throw Error(
      fmt::format("run {}: is no run's id, which has 16 hexadecimal digits; see `runner runs list`", run));
}

}  // namespace

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

std::optional<Protocol> find_protocol(std::string_view name) {
  const auto* known =
      std::ranges::find_if(kProtocols, [&](Protocol protocol) { return to_string(protocol) == name; });
  return known == std::end(kProtocols) ? std::nullopt : std::optional(*known);
}

std::filesystem::path prompt_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "prompts" / (checked(run) + ".safetensors");
}

std::filesystem::path log_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "logs" / (checked(run) + ".log");
}

std::filesystem::path checkpoint_path(const std::filesystem::path& ledger, const std::string& run) {
  return ledger.parent_path() / "checkpoints" / (checked(run) + ".safetensors");
}

std::string run_of_file(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('.'));
}

}  // namespace promptbed
