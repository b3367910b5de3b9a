#include "data/layouts/wordnet_names.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include "formats/lines.h"

namespace promptbed {

WordNetNames::WordNetNames(const std::filesystem::path& file) : file_(file) {
  for (auto& [id, name] : read_word_lines(file)) {
    if (!places_.emplace(id, names_.size()).second)
      throw Error(fmt::format("{}: names class '{}' twice; take one line out", file.string(), id));
    names_.push_back(std::move(name));
  }
}

const std::string& WordNetNames::at(const std::string& id) const {
  const auto place = places_.find(id);
  if (place == places_.end())
    throw Error(fmt::format("{}: does not name class '{}'; add a line for it", file_.string(), id));
  return names_[place->second];
}

}  // namespace promptbed
