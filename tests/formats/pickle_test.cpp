#include "formats/pickle.h"

#include <gtest/gtest.h>

#include "formats/forged_pickle.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::ForgedPickle;

Pickle read(const std::string& bytes) {
  return unpickle(bytes, "model.pt");
}

Pickle read(const ForgedPickle& pickle) {
  return read(pickle.bytes());
}

template <class Content>
Content value_of(const ForgedPickle& pickle) {
  return std::get<Content>(read(pickle).root->content);
}

TEST(Unpickler, ReadsNumbers) {
  EXPECT_EQ(value_of<int64_t>(ForgedPickle().op("K\xff")), 255);
  EXPECT_EQ(value_of<int64_t>(ForgedPickle().op("M\x01\x02")), 513);
  EXPECT_EQ(value_of<int64_t>(ForgedPickle().op("J\xfe\xff\xff\xff")), -2);
  EXPECT_EQ(value_of<int64_t>(ForgedPickle().op(std::string("\x8a\0", 2))), 0);
  EXPECT_EQ(value_of<int64_t>(ForgedPickle().op(std::string("\x8a\x02\xff\0", 4))), 255);
  EXPECT_EQ(value_of<int64_t>(ForgedPickle().op("\x8a\x01\xff")), -1);
  EXPECT_EQ(value_of<double>(ForgedPickle().op(std::string("G\xc0\x04\0\0\0\0\0\0", 9))), -2.5);
  EXPECT_EQ(value_of<bool>(ForgedPickle().op("\x88")), true);
  EXPECT_EQ(value_of<std::string>(ForgedPickle().op("\x8a\x09"
                                                    "123456789")),
            "123456789");
}

TEST(Unpickler, ReadsTheTextsOfEveryProtocol) {
  EXPECT_EQ(value_of<std::string>(ForgedPickle().text("caf\xc3\xa9")), "caf\xc3\xa9");
  EXPECT_EQ(value_of<std::string>(ForgedPickle().op("\x8c\x03"
                                                    "abc")),
            "abc");
  EXPECT_EQ(value_of<std::string>(ForgedPickle().op("\x8d").raw<uint64_t>(2).op("ab")), "ab");
  EXPECT_EQ(value_of<std::string>(ForgedPickle().op("C\x01"
                                                    "a")),
            "a");
}

TEST(Unpickler, SharedValuesAreSharedWhateverIsAddedLater) {
  // a list, remembered while empty, then filled, in a tuple with itself
  const Pickle pickle =
      read(ForgedPickle().op("]q\x05(K\x01K\x02"
                             "eh\x05\x86"));
  const PickleItems& items = pickle.root->as<PickleTuple>()->items;
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(items[0]->as<PickleList>()->items.size(), 2U);
}

TEST(Unpickler, ACircleIsNoHarm) {
  const Pickle pickle = read(ForgedPickle().op(std::string("]q\0h\0a", 6)));
  EXPECT_EQ(pickle.root->as<PickleList>()->items[0], pickle.root);
}

TEST(Unpickler, ReadsDictsInOrder) {
  const Pickle pickle = read(ForgedPickle().op("}(").text("b").integer(1).text("a").integer(2).op("u"));
  const PickleEntries& entries = pickle.root->as<PickleDict>()->entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(*entries[0].first->as<std::string>(), "b");
  EXPECT_EQ(*entries[1].second->as<int64_t>(), 2);
}

TEST(Unpickler, ACallIsARecordAndNothingRuns) {
  const Pickle pickle = read(ForgedPickle().global("os", "system").op("(").text("touch harm").op("tR"));
  const auto* call = pickle.root->as<PickleObject>();
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->callee, "os.system");
  EXPECT_EQ(*call->arguments[0]->as<std::string>(), "touch harm");
}

TEST(Unpickler, AnObjectKeepsItsStateEntriesAndItems) {
  ForgedPickle forged;
  forged.op(
      "\x80\x04\x8c\x01m\x94\x8c\x01"
      "C\x93)\x81K\x07"
      "a(K\x01K\x02u}b");
  const Pickle pickle = read(forged.bytes().substr(2));
  const auto* object = pickle.root->as<PickleObject>();
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(object->callee, "m.C");
  EXPECT_EQ(*object->items[0]->as<int64_t>(), 7);
  EXPECT_EQ(*object->entries[0].second->as<int64_t>(), 2);
  EXPECT_NE(object->state->as<PickleDict>(), nullptr);
}

TEST(Unpickler, RefusesWhatIsDamaged) {
  EXPECT_ERROR(read(""), "model.pt: is damaged (1 bytes wanted, 0 left at byte 0");
  EXPECT_ERROR(read("}."), "no protocol number");
  EXPECT_ERROR(read("\x80\x09."), "unknown protocol 9");
  EXPECT_ERROR(read("\x80\x02N"), "1 bytes wanted, 0 left");
  EXPECT_ERROR(read(ForgedPickle().op("")), "an empty stack");
  EXPECT_ERROR(read(ForgedPickle().op("N(0")), "an empty stack");
  EXPECT_ERROR(read(ForgedPickle().op("Nt")), "a missing mark");
  EXPECT_ERROR(read(ForgedPickle().op("h\x07")), "nothing stored as 7");
  EXPECT_ERROR(read(ForgedPickle().op("j\xff\xff\xff\xff")), "nothing stored as 4294967295");
  EXPECT_ERROR(read(ForgedPickle().op("X").raw<uint32_t>(~0U)), "4294967295 bytes wanted, 1 left");
  EXPECT_ERROR(read(ForgedPickle().op("\x8e").raw<uint64_t>(~0ULL)),
               "18446744073709551615 bytes wanted, 1 left");
  EXPECT_ERROR(read(ForgedPickle().op("cos")), "a line without an end");
  EXPECT_ERROR(read(ForgedPickle().op("}(Nu")), "a key without a value");
  EXPECT_ERROR(read(ForgedPickle().op("NNa")), "items for something that is not a list");
  EXPECT_ERROR(read(ForgedPickle().op("]NNs")), "entries for something that is not a dict");
  EXPECT_ERROR(read(ForgedPickle().global("os", "system").op("NR")), "arguments that are not a tuple");
  EXPECT_ERROR(read(ForgedPickle().op("NN\x93")), "a name that is not a string");
  EXPECT_ERROR(read(ForgedPickle().op("]Nb")), "a state for something that is not an object");
  EXPECT_ERROR(read(ForgedPickle().op("I1\n")), "unknown opcode 0x49");
}

TEST(Unpickler, TakesABoundedAmountOfMemory) {
  EXPECT_ERROR(read(ForgedPickle().op(std::string(3 << 20, 'N'))), "more than 256 MiB of values");
  // One long tuple of arguments, copied by call after call; one long name, by global after global.
  const std::string calls = [] {
    std::string opcodes;
    for (int i = 0; i < 10'000; ++i) opcodes += std::string("h\0h\1R0", 6);
    return opcodes;
  }();
  EXPECT_ERROR(read(ForgedPickle()
                        .global("a", "b")
                        .op(std::string("q\0(", 3))
                        .op(std::string(10'000, 'N'))
                        .op("tq\1")
                        .op(calls)),
               "more than 256 MiB of values");
  const std::string globals = [] {
    std::string opcodes;
    for (int i = 0; i < 10'000; ++i)
      opcodes += std::string(
          "h\0h\0\x93"
          "0",
          6);
    return opcodes;
  }();
  EXPECT_ERROR(read(ForgedPickle().text(std::string(100'000, 'm')).op(std::string("q\0", 2)).op(globals)),
               "more than 256 MiB of values");
}

TEST(Unpickler, AnyPrefixIsRefusedAndDeepNestingIsNot) {
  const std::string bytes =
      ForgedPickle().op("}(").text("a").tensor("HalfStorage", "0", 0, {2}, {1}).op("u").bytes();
  for (size_t kept = 0; kept < bytes.size(); ++kept) EXPECT_ERROR(read(bytes.substr(0, kept)), "is damaged");
  EXPECT_NE(read(ForgedPickle().op(")" + std::string(100'000, '\x85'))).root->as<PickleTuple>(), nullptr);
}

}  // namespace
}  // namespace promptbed
