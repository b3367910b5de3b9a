#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace promptbed {

struct PickleValue;

using PickleItems = std::vector<const PickleValue*>;
using PickleEntries = std::vector<std::pair<const PickleValue*, const PickleValue*>>;

struct PickleNone {};

/// A list or a set.
struct PickleList {
  PickleItems items;
};

struct PickleTuple {
  PickleItems items;
};

struct PickleDict {
  PickleEntries entries;
};

/// The name of a class or function ("collections.OrderedDict"). It is never looked up.
struct PickleGlobal {
  std::string name;
};

/// Stands for something that is stored outside the pickle.
struct PicklePersistent {
  const PickleValue* id = nullptr;
};

/// The record of a call that was not made: the callee, its arguments, and what was to go into the result.
struct PickleObject {
  std::string callee;     ///< a global's name; empty if the callee is not a global
  PickleItems arguments;  ///< positional ones
  PickleItems items;
  PickleEntries entries;
  const PickleValue* state = nullptr;
};

/// One value of a pickle. Values refer to each other by address; they may be shared and form cycles.
struct PickleValue {
  /// Texts and bytes are both strings, and so are integers of more than 64 bits (as their bytes).
  std::variant<PickleNone, bool, int64_t, double, std::string, PickleList, PickleTuple, PickleDict,
               PickleGlobal, PicklePersistent, PickleObject>
      content;

  /// The content if it is of that type, otherwise nullptr.
  template <class Content>
  const Content* as() const {
    return std::get_if<Content>(&content);
  }
};

/// All values of a pickle; `root` is the one that it stands for.
struct Pickle {
  Pickle() = default;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;

  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
};

/// The entries of a dict, OrderedDict or defaultdict; nullptr for any other value.
const PickleEntries* entries_of(const PickleValue& value);

/// The value of a key; nullptr if there is none.
const PickleValue* find_entry(const PickleEntries& entries, std::string_view key);

/// Reads a pickle of protocol 2 to 5 as data. Nothing in it is imported, called or evaluated: a global stays
/// a name, a call a record of that name and its arguments.
///
/// `source` names the pickle in errors. Throws Error if it is truncated, damaged, of another protocol, or
/// takes more than 256 MiB.
Pickle unpickle(std::string_view bytes, const std::string& source);

}  // namespace promptbed
