#include "results/run_files.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "base/files.h"
#include "results/ledger_neighbours.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

bool is_pending_name(const std::string& name, const fs::path& prompt) {
  return is_temporary_name(name) && name.starts_with(prompt.filename().string() + '.');
}

/// A pending prompt that another process has named.
fs::path pending_prompt(const fs::path& ledger, const std::string& run, const std::string& name) {
  const fs::path prompt = prompt_path(ledger, run);
  if (!is_pending_name(name, prompt))
    throw Error(fmt::format("run {}: {} is no name of its pending prompt; sweep again", run, name));
  return prompt.parent_path() / name;
}

/// For the folder of files that are called by runs.
const std::string kAnyRun(16, '0');

/// The pending prompts and unfinished checkpoints beside a ledger, of whatever run.
std::vector<fs::path> pending_files(const fs::path& ledger) {
  std::vector<fs::path> found;
  for (const fs::path& file : {prompt_path(ledger, kAnyRun), checkpoint_path(ledger, kAnyRun)}) {
    std::error_code there_is_none;
    for (const auto& entry : fs::directory_iterator(file.parent_path(), there_is_none)) {
      if (is_temporary_name(entry.path().filename().string())) found.push_back(entry.path());
    }
  }
  return found;
}

bool is_at_work(const std::string& run, const FolderRuns& neighbours) {
  const auto [first, last] = neighbours.owners.equal_range(run);
  return std::any_of(first, last, [](const auto& claim) { return may_live(claim.second); });
}

/// Whether nobody works on a run of this ledger. The calling process does not, whose sweep begins or has
/// ended.
bool is_abandoned(const std::string& run, const Ledger& ledger, const FolderRuns& neighbours) {
  if (!is_run_id(run) || is_at_work(run, neighbours)) return false;
  const std::vector<RunRecord> known = ledger.list({.id = run});
  if (known.empty()) return false;  // perhaps of another ledger in the same folder
  const auto& owner = known.front().owner;
  return !owner || owner == this_process() || !may_live(*owner);
}

}  // namespace

fs::path pending_prompt_path(const fs::path& ledger, const std::string& run) {
  return temporary_name(prompt_path(ledger, run));
}

void publish_prompt(const fs::path& ledger, const std::string& run, const std::string& pending) {
  const fs::path from = pending_prompt(ledger, run, pending), to = prompt_path(ledger, run);
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure)
    throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space", to.string(),
                            failure.message()));
}

void keep_prompts(const fs::path& ledger) {
  synchronise_folder(prompt_path(ledger, kAnyRun).parent_path());
}

void discard_prompt(const fs::path& ledger, const std::string& run, const std::string& pending) {
  std::error_code is_gone;
  fs::remove(pending_prompt(ledger, run, pending), is_gone);
}

void remove_checkpoint(const fs::path& ledger, const std::string& run) {
  std::error_code is_gone;
  fs::remove(checkpoint_path(ledger, run), is_gone);
}

void remove_abandoned_files(const Ledger& ledger) {
  const std::vector<fs::path> files = pending_files(ledger.path());
  if (files.empty()) return;
  const FolderRuns neighbours = runs_of_neighbours(ledger.path());
  if (!neighbours.unread.empty()) return;  // who knows what is at work there
  for (const fs::path& file : files) {
    std::error_code is_gone;
    if (is_abandoned(run_of_file(file), ledger, neighbours)) fs::remove(file, is_gone);
  }
}

void remove_run_files(const fs::path& ledger, const std::string& run) {
  const FolderRuns neighbours = runs_of_neighbours(ledger);
  if (neighbours.known.contains(run) || !neighbours.unread.empty()) return;
  std::error_code is_gone;
  for (const fs::path& file : pending_files(ledger)) {
    if (run_of_file(file) == run) fs::remove(file, is_gone);
  }
  fs::remove(prompt_path(ledger, run), is_gone);
  fs::remove(log_path(ledger, run), is_gone);
  remove_checkpoint(ledger, run);
}

}  // namespace promptbed
