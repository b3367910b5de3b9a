#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// The release, such as "0.1.0".
std::string release_version();

/// The commit that the program was built from, or the release if there was no repository.
std::string code_version();

/// Whether the working tree had uncommitted changes.
bool code_is_dirty();

/// The folder of the running program.
std::filesystem::path program_folder();

/// Folders to search, in order: `given`, those in the environment `variable` (separated by colons), and those
/// of `beside_program` that exist, relative to the program's folder.
std::vector<std::filesystem::path> search_folders(const std::vector<std::filesystem::path>& given,
                                                  const char* variable,
                                                  const std::vector<std::filesystem::path>& beside_program);

/// The folder of the suites and of what is embedded with them: $PROMPTBED_DATASETS, or the one installed with
/// the program. Throws Error if there is none.
std::filesystem::path datasets_folder();

/// The folder of suites that has the embedded one, pocket: datasets_folder(), or the installed one if that
/// has no pocket.
std::filesystem::path embedded_suite_folder();

}  // namespace promptbed
