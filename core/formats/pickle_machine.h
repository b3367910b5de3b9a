#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "formats/pickle.h"

/// The parts of the machine that executes a pickle: its opcodes, input and stack. Only pickle.cpp uses them.
namespace promptbed {

/// What is wrong with a pickle. unpickle() turns it into an Error that names the source and the byte.
class PickleFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The opcodes of protocols 2 to 5 that make data, as documented in Python's module pickletools.
enum class Opcode : uint8_t {
  mark = '(',
  stop = '.',
  pop = '0',
  pop_mark = '1',
  duplicate = '2',
  real = 'G',
  int32 = 'J',
  uint8 = 'K',
  uint16 = 'M',
  none = 'N',
  persistent = 'Q',
  reduce = 'R',
  bytes32 = 'B',
  bytes8 = 'C',
  string32 = 'T',
  string8 = 'U',
  text32 = 'X',
  append = 'a',
  build = 'b',
  global = 'c',
  dict = 'd',
  appends = 'e',
  get8 = 'h',
  get32 = 'j',
  list = 'l',
  put8 = 'q',
  put32 = 'r',
  set_item = 's',
  tuple = 't',
  set_items = 'u',
  empty_dict = '}',
  empty_list = ']',
  empty_tuple = ')',
  protocol = 0x80,
  new_object = 0x81,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  yes = 0x88,
  no = 0x89,
  integer8 = 0x8a,
  integer32 = 0x8b,
  text8 = 0x8c,
  text64 = 0x8d,
  bytes64 = 0x8e,
  empty_set = 0x8f,
  add_items = 0x90,
  frozen_set = 0x91,
  new_object_with_keywords = 0x92,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
  byte_array = 0x96,
};

/// Reads a pickle's bytes from front to back. Every function throws PickleFault if too few are left.
class PickleBytes {
 public:
  explicit PickleBytes(std::string_view bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }

  /// Little-endian, like all numbers except reals.
  template <class Number>
  Number number() {
    Number number;
    std::memcpy(&number, take(sizeof(Number)).data(), sizeof(Number));
    return number;
  }

  std::string string(uint64_t length) { return std::string(take(length)); }

  /// Up to a line feed, which is skipped.
  std::string line();

  /// A signed number of `length` bytes, at most eight.
  int64_t integer(size_t length);

 private:
  std::string_view take(uint64_t length);

  std::string_view bytes_;
  size_t position_ = 0;
};

/// The machine's stack and memo, and the values that it has made. Throws PickleFault if an operation needs
/// more values than are on the stack above the last mark, or if all together would take more than 256 MiB:
/// a few opcodes can copy much.
class PickleStack {
 public:
  /// Makes a new value on top.
  template <class Content>
  void push(Content content) {
    push_value({std::move(content)});
  }

  const PickleValue* pop() { return pop_value(); }
  PickleItems pop(size_t count);

  /// Pops a value that must be of that type.
  template <class Content>
  const Content& pop_as(const char* fault) {
    const auto* const content = pop()->as<Content>();
    if (content == nullptr) throw PickleFault(fault);
    return *content;
  }

  void mark();
  PickleItems pop_to_mark();

  void duplicate() { push_again(top()); }
  void remember(size_t index);
  void remember() { remember(memo_.size()); }
  void recall(size_t index);

  // These change the top value.
  void add_items(const PickleItems& items);
  void add_entries(const PickleEntries& entries);
  void set_state(const PickleValue* state);

  /// All values, with the top one as the root.
  Pickle finish();

 private:
  void push_value(PickleValue value);
  void push_again(PickleValue* value);
  void charge(size_t bytes);
  PickleValue* pop_value();
  PickleValue* top() const;

  size_t bytes_ = 0;  // that all below takes
  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::unordered_map<size_t, PickleValue*> memo_;
};

}  // namespace promptbed
