#include "cli/tensors/loaded_plugins.h"

#include <iostream>

namespace promptbed {

MethodRegistry load_plugins(const options::variables_map& values) {
  std::vector<std::filesystem::path> given;
  if (values.count("plugins") > 0) given.emplace_back(values["plugins"].as<std::string>());
  MethodRegistry registry(plugin_folders(given));
  for (const std::string& complaint : registry.complaints()) std::cerr << "warning: " << complaint << '\n';
  return registry;
}

}  // namespace promptbed
