#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// The folder of the running program.
std::filesystem::path program_folder();

/// Folders that exist among: `given`, then those that the environment `variable` lists (separated by colons),
/// then those that belong to the program, each relative to its folder.
std::vector<std::filesystem::path> search_folders(const std::vector<std::filesystem::path>& given,
                                                  const char* variable,
                                                  const std::vector<std::filesystem::path>& beside_program);

/// The folder that holds the suites, what is embedded with them included: $PROMPTBED_DATASETS, or the one
/// that belongs to the program. Throws Error where there is none.
std::filesystem::path datasets_folder();

}  // namespace promptbed
