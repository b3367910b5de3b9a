#pragma once

#include <map>
#include <string>

#include "report/figures/figure.h"

namespace promptbed {

/// The looks of methods, the same in all figures that share it.
class Looks {
 public:
  /// That of a method, or of a variant of one, by the label that it has in tables: the next free one for a
  /// new label. What is not trained is grey.
  Look of(const std::string& label, bool is_trained) {
    const auto [found, is_new] = looks_.try_emplace(label);
    if (is_new) found->second = {.hue = is_trained ? 1 + trained_++ : 0, .shape = looks_.size() - 1};
    return found->second;
  }

 private:
  std::map<std::string, Look> looks_;
  size_t trained_ = 0;
};

}  // namespace promptbed
