#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "formats/pickle_value.h"

namespace promptbed {

/// The stack and the memo of the machine that a pickle drives, and the values that it makes. What would need
/// more values than there are on the stack, above the last mark, throws PickleFault.
class PickleStack {
 public:
  /// Makes a new value.
  template <class Content>
  void push(Content content) {
    push_value({std::move(content)});
  }

  const PickleValue* pop() { return pop_value(); }
  PickleItems pop(size_t count);

  /// The content of the topmost value, which has to be of that kind.
  template <class Content>
  const Content& pop_as(const char* fault) {
    const auto* const content = pop()->as<Content>();
    if (content == nullptr) throw PickleFault(fault);
    return *content;
  }

  void mark() { marks_.push_back(stack_.size()); }
  PickleItems pop_to_mark();

  void duplicate() { stack_.push_back(top()); }
  void remember(size_t index) { memo_[index] = top(); }
  void remember() { remember(memo_.size()); }
  void recall(size_t index);

  // These change the topmost value.
  void add_items(const PickleItems& items);
  void add_entries(const PickleEntries& entries);
  void set_state(const PickleValue* state);

  /// All values, the topmost one as the root.
  Pickle finish();

 private:
  void push_value(PickleValue value);
  PickleValue* pop_value();
  PickleValue* top() const;

  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::unordered_map<size_t, PickleValue*> memo_;
};

}  // namespace promptbed
