#include "formats/pickle_machine.h"

#include <fmt/format.h>

namespace promptbed {
namespace {

constexpr size_t kMostBytes = 256 << 20;  // a checkpoint with its optimiser takes a few MiB

/// The memory that a content takes outside its value.
struct BytesOutside {
  size_t operator()(const std::string& text) const { return text.capacity(); }
  size_t operator()(const PickleItems& items) const { return items.capacity() * sizeof(items[0]); }
  size_t operator()(const PickleEntries& entries) const { return entries.capacity() * sizeof(entries[0]); }
  size_t operator()(const PickleList& list) const { return (*this)(list.items); }
  size_t operator()(const PickleTuple& tuple) const { return (*this)(tuple.items); }
  size_t operator()(const PickleDict& dict) const { return (*this)(dict.entries); }
  size_t operator()(const PickleGlobal& global) const { return (*this)(global.name); }
  size_t operator()(const PickleObject& call) const { return (*this)(call.callee) + (*this)(call.arguments); }
  template <class Plain>
  size_t operator()(const Plain&) const {
    return 0;
  }
};

}  // namespace

std::string_view PickleBytes::take(uint64_t length) {
  if (length > bytes_.size() - position_)
    throw PickleFault(fmt::format("{} bytes wanted, {} left", length, bytes_.size() - position_));
  position_ += length;
  return bytes_.substr(position_ - length, length);
}

std::string PickleBytes::line() {
  const size_t end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) throw PickleFault("a line without an end");
  std::string line = string(end - position_);
  ++position_;
  return line;
}

int64_t PickleBytes::integer(size_t length) {
  const std::string_view bytes = take(length);
  const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
  int64_t integer = negative ? -1 : 0;
  std::memcpy(&integer, bytes.data(), length);
  return integer;
}

void PickleStack::push_value(PickleValue value) {
  charge(sizeof(value) + std::visit(BytesOutside(), value.content));
  push_again(&pickle_.values.emplace_back(std::move(value)));
}

void PickleStack::push_again(PickleValue* value) {
  charge(sizeof(value));
  stack_.push_back(value);
}

void PickleStack::charge(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kMostBytes) throw PickleFault(fmt::format("more than {} MiB of values", kMostBytes >> 20));
}

void PickleStack::mark() {
  charge(sizeof(size_t));
  marks_.push_back(stack_.size());
}

void PickleStack::remember(size_t index) {
  charge(sizeof(decltype(memo_)::value_type) + 2 * sizeof(void*));  // with its place in the table
  memo_[index] = top();
}

PickleValue* PickleStack::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) throw PickleFault("an empty stack");
  return stack_.back();
}

PickleValue* PickleStack::pop_value() {
  PickleValue* const value = top();
  stack_.pop_back();
  return value;
}

PickleItems PickleStack::pop(size_t count) {
  PickleItems items(count);
  for (size_t i = count; i-- > 0;) items[i] = pop();
  return items;
}

PickleItems PickleStack::pop_to_mark() {
  if (marks_.empty()) throw PickleFault("a missing mark");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  PickleItems items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleStack::recall(size_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) throw PickleFault(fmt::format("nothing stored as {}", index));
  push_again(found->second);
}

void PickleStack::add_items(const PickleItems& items) {
  PickleValue* const target = top();
  auto* const list = std::get_if<PickleList>(&target->content);
  auto* const object = std::get_if<PickleObject>(&target->content);
  if (list == nullptr && object == nullptr) throw PickleFault("items for something that is not a list");
  charge(items.size() * sizeof(items[0]));
  PickleItems& present = list != nullptr ? list->items : object->items;
  present.insert(present.end(), items.begin(), items.end());
}

void PickleStack::add_entries(const PickleEntries& entries) {
  PickleValue* const target = top();
  auto* const dict = std::get_if<PickleDict>(&target->content);
  auto* const object = std::get_if<PickleObject>(&target->content);
  if (dict == nullptr && object == nullptr) throw PickleFault("entries for something that is not a dict");
  charge(entries.size() * sizeof(entries[0]));
  PickleEntries& present = dict != nullptr ? dict->entries : object->entries;
  present.insert(present.end(), entries.begin(), entries.end());
}

void PickleStack::set_state(const PickleValue* state) {
  auto* const object = std::get_if<PickleObject>(&top()->content);
  if (object == nullptr) throw PickleFault("a state for something that is not an object");
  object->state = state;
}

Pickle PickleStack::finish() {
  pickle_.root = pop();
  return std::move(pickle_);
}

}  // namespace promptbed
