#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
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

/// What a call would have made: who was to be called with what, and what was to be put into the result.
struct PickleObject {
  std::string callee;     ///< a global's name; empty where the callee is no global
  PickleItems arguments;  ///< positional ones
  PickleItems items;
  PickleEntries entries;
  const PickleValue* state = nullptr;
};

/// One value of a pickle. Values refer to each other by address, may be shared and may form circles.
struct PickleValue {
  /// Texts and bytes are both strings, and so are integers of more than 64 bits (as their bytes).
  std::variant<PickleNone, bool, int64_t, double, std::string, PickleList, PickleTuple, PickleDict,
               PickleGlobal, PicklePersistent, PickleObject>
      content;

  /// The content if it is of that kind, otherwise nullptr.
  template <class Content>
  const Content* as() const {
    return std::get_if<Content>(&content);
  }
};

/// What is wrong with a pickle. Only the parts of the unpickler know it: unpickle makes it an Error that
/// names file and place.
class PickleFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// All values of a pickle, and the one that it stands for.
struct Pickle {
  Pickle() = default;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;

  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
};

}  // namespace promptbed
