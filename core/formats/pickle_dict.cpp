#include "formats/pickle_dict.h"

namespace promptbed {

const PickleEntries* entries_of(const PickleValue& value) {
  if (const auto* const dict = value.as<PickleDict>()) return &dict->entries;
  const auto* const object = value.as<PickleObject>();
  const bool is_dict = object != nullptr && (object->callee == "collections.OrderedDict" ||
                                             object->callee == "collections.defaultdict");
  return is_dict ? &object->entries : nullptr;
}

const PickleValue* find_entry(const PickleEntries& entries, std::string_view key) {
  for (const auto& [name, value] : entries) {
    const auto* const text = name->as<std::string>();
    if (text != nullptr && *text == key) return value;
  }
  return nullptr;
}

}  // namespace promptbed
