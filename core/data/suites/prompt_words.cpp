#include "data/suites/prompt_words.h"

#include <fmt/format.h>
#include <promptbed/error.h>

namespace promptbed {

void check_template_text(std::string_view text, const std::string& where) {
  const size_t place = text.find("{}");
  if (place == std::string::npos || text.find("{}", place + 2) != std::string::npos)
    throw Error(fmt::format("{} has to hold {{}} once, for the class name", where));
}

void read_prompt_words(JsonObject& fields, DatasetSpec& spec) {
  spec.prompt_template = fields.text_or("template", kDefaultTemplate);
  check_template_text(spec.prompt_template, fields.place("template"));
  spec.context_init = fields.text_or("context_init", kDefaultContext);
  spec.renames = fields.text_map("renames");
  spec.citation = fields.text_or("citation", "");
  spec.source = fields.text_or("source", "");
}

}  // namespace promptbed
