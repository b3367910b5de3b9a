#include "base/installation.h"

#include <promptbed/error.h>

#include <cstdlib>
#include <sstream>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> suite_folders() {
  return search_folders({}, "PROMPTBED_DATASETS", {"datasets", "../share/promptbed/datasets"});
}

}  // namespace

fs::path program_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

std::vector<fs::path> search_folders(const std::vector<fs::path>& given, const char* variable,
                                     const std::vector<fs::path>& beside_program) {
  std::vector<fs::path> folders = given;
  if (const char* list = std::getenv(variable)) {
    std::istringstream words(list);
    for (std::string folder; std::getline(words, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  for (const fs::path& name : beside_program) {
    const fs::path folder = (program_folder() / name).lexically_normal();
    if (fs::is_directory(folder)) folders.push_back(folder);
  }
  return folders;
}

fs::path datasets_folder() {
  const auto folders = suite_folders();
  if (folders.empty()) throw Error("no folder of suites beside the program; set PROMPTBED_DATASETS to one");
  return folders.front();
}

fs::path embedded_suite_folder() {
  for (const fs::path& folder : suite_folders()) {
    if (fs::exists(folder / "pocket/suite.json")) return folder;
  }
  return datasets_folder();
}

}  // namespace promptbed
