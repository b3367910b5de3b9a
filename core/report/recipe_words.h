#pragma once

#include <promptbed/recipe.h>

#include <map>
#include <string>

#include <promptbed/options.h>

namespace promptbed {

/// "200 epochs of batches of 32; SGD, learning rate 0.002, momentum 0.9, weight decay 0.0005; the first epoch
/// at 1e-05, then a cosine".
std::string in_words(const Recipe& recipe);

/// An option's value as the user would type it.
std::string in_words(const OptionValue& value);

/// "n_ctx=4, position=end"
std::string in_words(const std::map<std::string, OptionValue, std::less<>>& options);

}  // namespace promptbed
