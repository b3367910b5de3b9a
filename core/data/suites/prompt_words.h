#pragma once

#include <string>
#include <string_view>

#include "data/suites/dataset_spec.h"
#include "formats/json_object.h"

namespace promptbed {

/// The template and the context words of a dataset whose JSON names none: CoOp's.
inline constexpr std::string_view kDefaultTemplate = "a photo of a {}.";
inline constexpr std::string_view kDefaultContext = "a photo of a";

/// Throws Error where a template does not hold {} once; `where` says whose it is: "dtd.json: 'template'".
void check_template_text(std::string_view text, const std::string& where);

/// Reads what a dataset's JSON says of its words: template, context_init, renames, citation and source; the
/// defaults where it says nothing. Throws Error for a value that cannot be.
void read_prompt_words(JsonObject& fields, DatasetSpec& spec);

}  // namespace promptbed
