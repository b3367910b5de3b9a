#include "formats/pickle_machine.h"

#include <fmt/format.h>

namespace promptbed {
namespace {

constexpr size_t kMostValues = 1 << 20;  // a checkpoint with its optimiser has tens of thousands

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
  if (pickle_.values.size() == kMostValues)
    throw PickleFault(fmt::format("more than {} values", kMostValues));
  stack_.push_back(&pickle_.values.emplace_back(std::move(value)));
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
  stack_.push_back(found->second);
}

void PickleStack::add_items(const PickleItems& items) {
  PickleValue* const target = top();
  auto* const list = std::get_if<PickleList>(&target->content);
  auto* const object = std::get_if<PickleObject>(&target->content);
  if (list == nullptr && object == nullptr) throw PickleFault("items for something that is not a list");
  PickleItems& present = list != nullptr ? list->items : object->items;
  present.insert(present.end(), items.begin(), items.end());
}

void PickleStack::add_entries(const PickleEntries& entries) {
  PickleValue* const target = top();
  auto* const dict = std::get_if<PickleDict>(&target->content);
  auto* const object = std::get_if<PickleObject>(&target->content);
  if (dict == nullptr && object == nullptr) throw PickleFault("entries for something that is not a dict");
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
