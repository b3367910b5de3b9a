#pragma once

#include <c10/util/ArrayRef.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace promptbed::test {

/// Writes a pickle opcode by opcode, valid or not.
///
///     ForgedPickle().op("(").text("epoch").integer(3).op("d").bytes()   // {"epoch": 3}
class ForgedPickle {
 public:
  ForgedPickle& op(std::string_view opcodes) {
    bytes_ += opcodes;
    return *this;
  }
  ForgedPickle& text(const std::string& text) { return op("X").raw<uint32_t>(text.size()).op(text); }
  ForgedPickle& integer(int64_t integer) { return op("\x8a\x08").raw<int64_t>(integer); }
  ForgedPickle& global(const std::string& module, const std::string& name) {
    return op("c" + module + "\n" + name + "\n");
  }
  ForgedPickle& tuple(c10::ArrayRef<int64_t> integers) {
    op("(");
    for (const int64_t integer : integers) this->integer(integer);
    return op("t");
  }

  /// An empty OrderedDict, to be filled.
  ForgedPickle& ordered_dict() { return global("collections", "OrderedDict").op(")R"); }

  /// A tensor whose values are the record "data/<key>".
  ForgedPickle& tensor(const std::string& storage_type, const std::string& key, int64_t offset,
                       c10::ArrayRef<int64_t> sizes, c10::ArrayRef<int64_t> strides) {
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
