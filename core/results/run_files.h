#pragma once

#include <filesystem>
#include <string>

#include "results/ledger.h"

/// The files of runs beside their ledger, as they come and go. Their names are in run_record.h.
namespace promptbed {

/// Where a prompt is written before its run's owner puts it in place: a name of its own beside
/// prompt_path(), since whoever has lost the run must not write over what the winner has kept.
std::filesystem::path pending_prompt_path(const std::filesystem::path& ledger, const std::string& run);

/// Puts a pending prompt, given by its file's name, in place. The disk knows once keep_prompts() has
/// returned. Throws Error for a name that pending_prompt_path() does not give for that run, and if the file
/// cannot be moved.
void publish_prompt(const std::filesystem::path& ledger, const std::string& run, const std::string& pending);

/// Returns when the disk knows which prompts are in place. Throws Error.
void keep_prompts(const std::filesystem::path& ledger);

/// Removes a pending prompt that is not wanted any more.
void discard_prompt(const std::filesystem::path& ledger, const std::string& run, const std::string& pending);

/// Removes a run's checkpoint, of which nobody has need once the training is kept.
void remove_checkpoint(const std::filesystem::path& ledger, const std::string& run);

/// Removes the pending prompts and unfinished checkpoints of this ledger's runs that killed processes have
/// left: those of runs that nobody works on, neither here nor in another ledger of the same folder. Removes
/// none where another ledger there cannot be read. Must not be called in a transaction. Throws Error if the
/// ledger cannot be read, and std::filesystem::filesystem_error if its folder cannot be.
void remove_abandoned_files(const Ledger& ledger);

/// Removes a run's prompt, pending or not, its log and its checkpoint, unless another ledger of the same
/// folder has the run, too, or cannot be read. Must not be called in a transaction. Throws
/// std::filesystem::filesystem_error if the folder cannot be listed.
void remove_run_files(const std::filesystem::path& ledger, const std::string& run);

}  // namespace promptbed
