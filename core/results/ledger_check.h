#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// What is wrong with a ledger and the files beside it, a line for each finding; none if all is well:
///
/// - the database: its structure, its constraints and what refers to nothing;
/// - its rows: each has the seal of its values, a run's id is the hash of its settings, a score's accuracy is
///   that of its counts;
/// - trained prompts and logs: a finished run's prompt is there, and every file belongs to a run, of this
///   ledger or of another in the same folder. Where another one there cannot be read, no finding says that a
///   file may be deleted.
///
/// Reads only. Throws Error if there is no such ledger or it cannot be read at all.
std::vector<std::string> check_ledger(const std::filesystem::path& path);

}  // namespace promptbed
