#include "cli/tensors/prompt_argument.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cctype>

#include "results/ledger.h"
#include "results/run_record.h"
#include "sweep/workbench.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

bool may_be_id(const std::string& word) {
  return std::ranges::all_of(word, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// Why a run has no prompt, and what to do.
std::string reason(const RunRecord& run, const fs::path& prompt) {
  if (run.spec.classes.empty()) return fmt::format("does not train; use --method {}", run.spec.method);
  if (run.status != RunStatus::done)
    return fmt::format("is {}; it has a prompt once it is done", to_string(run.status));
  return fmt::format("its prompt {} is not there; train it again with --force", prompt.string());
}

}  // namespace

fs::path find_prompt(const std::string& word, const fs::path& ledger) {
  std::error_code failure;
  if (fs::exists(word, failure)) return word;
  if (!may_be_id(word) || !fs::exists(ledger, failure)) {
    throw Error(fmt::format(
        "{}: no such trained prompt; give a file, such as those in runs/prompts, or a run's id", word));
  }
  const RunRecord run = Ledger::open_existing(ledger).find(word);
  const fs::path prompt = prompt_path(ledger, run.id);
  if (!fs::exists(prompt, failure)) {
    throw Error(
        fmt::format("run {} ({} on {}): {}", run.id, run.spec.method, run.spec.dataset, reason(run, prompt)));
  }
  return prompt;
}

}  // namespace promptbed
