#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed::test {

/// Integers in braces or in any list.
class Integers {
 public:
  Integers(std::initializer_list<int64_t> integers) : integers_(integers) {}
  template <class List>
  Integers(const List& list) : integers_(list.begin(), list.end()) {}

  auto begin() const { return integers_.begin(); }
  auto end() const { return integers_.end(); }

 private:
  std::vector<int64_t> integers_;
};

/// Writes a pickle opcode by opcode, valid or not.
///
///     ForgedPickle().op("(").text("epoch").integer(3).op("d").bytes()   // {"epoch": 3}
class ForgedPickle {
 public:
  ForgedPickle& op(std::string_view opcodes) {
    bytes_ += opcodes;
    return *this;
  }
  ForgedPickle& text(const std::string& text) {
    return op("X").raw(static_cast<uint32_t>(text.size())).op(text);
  }
  ForgedPickle& integer(int64_t integer) { return op("\x8a\x08").raw<int64_t>(integer); }
  ForgedPickle& global(const std::string& module, const std::string& name) {
    return op("c" + module + "\n" + name + "\n");
  }
  ForgedPickle& tuple(const Integers& integers) {
    op("(");
    for (const int64_t integer : integers) this->integer(integer);
    return op("t");
  }

  /// An empty OrderedDict, to be filled.
  ForgedPickle& ordered_dict() { return global("collections", "OrderedDict").op(")R"); }

  /// A tensor whose values are the record "data/<key>".
  ForgedPickle& tensor(const std::string& storage_type, const std::string& key, int64_t offset,
                       const Integers& sizes, const Integers& strides) {
    global("torch._utils", "_rebuild_tensor_v2").op("((").text("storage").global("torch", storage_type);
    text(key).text("cpu").integer(0).op("tQ").integer(offset).tuple(sizes).tuple(strides);
    return op("\x89").ordered_dict().op("tR");
  }

  std::string bytes() const { return "\x80\x02" + bytes_ + "."; }

  template <class Number>
  ForgedPickle& raw(Number number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
    return *this;
  }

 private:
  std::string bytes_;
};

}  // namespace promptbed::test
