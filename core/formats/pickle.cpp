#include "formats/pickle.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <bit>

#include "formats/pickle_machine.h"

namespace promptbed {
namespace {

constexpr uint8_t kOldestProtocol = 2;
constexpr uint8_t kNewestProtocol = 5;

PickleEntries paired(const PickleItems& keys_and_values) {
  if (keys_and_values.size() % 2 != 0) throw PickleFault("a key without a value");
  PickleEntries entries;
  for (size_t i = 0; i < keys_and_values.size(); i += 2)
    entries.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  return entries;
}

class Unpickler {
 public:
  explicit Unpickler(std::string_view bytes) : bytes_(bytes) {}

  Pickle run();
  size_t position() const { return bytes_.position(); }

 private:
  void check_protocol();

  // Each executes the opcode if it is of its kind, and returns whether it was.
  bool push_number(Opcode opcode);
  bool push_string(Opcode opcode);
  bool push_container(Opcode opcode);
  bool fill_container(Opcode opcode);
  bool push_object(Opcode opcode);
  bool move_on_stack(Opcode opcode);

  void push_integer(size_t length);
  void push_call();

  PickleBytes bytes_;
  PickleStack stack_;
};

Pickle Unpickler::run() {
  check_protocol();
  for (auto opcode = bytes_.number<Opcode>(); opcode != Opcode::stop; opcode = bytes_.number<Opcode>()) {
    const bool known = push_number(opcode) || push_string(opcode) || push_container(opcode) ||
                       fill_container(opcode) || push_object(opcode) || move_on_stack(opcode);
    if (!known) throw PickleFault(fmt::format("unknown opcode 0x{:02x}", static_cast<uint8_t>(opcode)));
  }
  return stack_.finish();
}

void Unpickler::check_protocol() {
  if (bytes_.number<Opcode>() != Opcode::protocol) throw PickleFault("no protocol number");
  const auto protocol = bytes_.number<uint8_t>();
  if (protocol < kOldestProtocol || protocol > kNewestProtocol)
    throw PickleFault(fmt::format("unknown protocol {}", protocol));
}

bool Unpickler::push_number(Opcode opcode) {
  switch (opcode) {
    case Opcode::none:
      stack_.push(PickleNone());
      break;
    case Opcode::yes:
      stack_.push(true);
      break;
    case Opcode::no:
      stack_.push(false);
      break;
    case Opcode::uint8:
      stack_.push(int64_t{bytes_.number<uint8_t>()});
      break;
    case Opcode::uint16:
      stack_.push(int64_t{bytes_.number<uint16_t>()});
      break;
    case Opcode::int32:
      stack_.push(int64_t{bytes_.number<int32_t>()});
      break;
    case Opcode::integer8:
      push_integer(bytes_.number<uint8_t>());
      break;
    case Opcode::integer32:
      push_integer(bytes_.number<uint32_t>());
      break;
    case Opcode::real:  // the only big-endian one
      stack_.push(std::bit_cast<double>(__builtin_bswap64(bytes_.number<uint64_t>())));
      break;
    default:
      return false;
  }
  return true;
}

/// Of `length` bytes; more than eight stay bytes.
void Unpickler::push_integer(size_t length) {
  if (length > sizeof(int64_t)) {
    stack_.push(bytes_.string(length));
  } else {
    stack_.push(bytes_.integer(length));
  }
}

bool Unpickler::push_string(Opcode opcode) {
  switch (opcode) {
    case Opcode::text8:
    case Opcode::string8:
    case Opcode::bytes8:
      stack_.push(bytes_.string(bytes_.number<uint8_t>()));
      break;
    case Opcode::text32:
    case Opcode::string32:
    case Opcode::bytes32:
      stack_.push(bytes_.string(bytes_.number<uint32_t>()));
      break;
    case Opcode::text64:
    case Opcode::bytes64:
    case Opcode::byte_array:
      stack_.push(bytes_.string(bytes_.number<uint64_t>()));
      break;
    default:
      return false;
  }
  return true;
}

bool Unpickler::push_container(Opcode opcode) {
  switch (opcode) {
    case Opcode::empty_tuple:
      stack_.push(PickleTuple());
      break;
    case Opcode::tuple1:
      stack_.push(PickleTuple{stack_.pop(1)});
      break;
    case Opcode::tuple2:
      stack_.push(PickleTuple{stack_.pop(2)});
      break;
    case Opcode::tuple3:
      stack_.push(PickleTuple{stack_.pop(3)});
      break;
    case Opcode::tuple:
      stack_.push(PickleTuple{stack_.pop_to_mark()});
      break;
    case Opcode::empty_list:
    case Opcode::empty_set:
      stack_.push(PickleList());
      break;
    case Opcode::list:
    case Opcode::frozen_set:
      stack_.push(PickleList{stack_.pop_to_mark()});
      break;
    case Opcode::empty_dict:
      stack_.push(PickleDict());
      break;
    case Opcode::dict:
      stack_.push(PickleDict{paired(stack_.pop_to_mark())});
      break;
    default:
      return false;
  }
  return true;
}

bool Unpickler::fill_container(Opcode opcode) {
  switch (opcode) {
    case Opcode::append:
      stack_.add_items(stack_.pop(1));
      break;
    case Opcode::appends:
    case Opcode::add_items:
      stack_.add_items(stack_.pop_to_mark());
      break;
    case Opcode::set_item:
      stack_.add_entries(paired(stack_.pop(2)));
      break;
    case Opcode::set_items:
      stack_.add_entries(paired(stack_.pop_to_mark()));
      break;
    case Opcode::build:
      stack_.set_state(stack_.pop());
      break;
    default:
      return false;
  }
  return true;
}

bool Unpickler::push_object(Opcode opcode) {
  switch (opcode) {
    case Opcode::global: {
      const std::string module = bytes_.line();
      stack_.push(PickleGlobal{module + '.' + bytes_.line()});
      break;
    }
    case Opcode::stack_global: {
      const auto& name = stack_.pop_as<std::string>("a name that is not a string");
      const auto& module = stack_.pop_as<std::string>("a module that is not a string");
      stack_.push(PickleGlobal{module + '.' + name});
      break;
    }
    case Opcode::persistent:
      stack_.push(PicklePersistent{stack_.pop()});
      break;
    case Opcode::new_object_with_keywords:
      stack_.pop();
      [[fallthrough]];
    case Opcode::reduce:
    case Opcode::new_object:
      push_call();
      break;
    default:
      return false;
  }
  return true;
}

/// Replaces callee and arguments with the record of the call.
void Unpickler::push_call() {
  const auto& arguments = stack_.pop_as<PickleTuple>("arguments that are not a tuple");
  const auto* const callee = stack_.pop()->as<PickleGlobal>();
  stack_.push(PickleObject{callee != nullptr ? callee->name : "", arguments.items, {}, {}, nullptr});
}

bool Unpickler::move_on_stack(Opcode opcode) {
  switch (opcode) {
    case Opcode::mark:
      stack_.mark();
      break;
    case Opcode::pop:
      stack_.pop();
      break;
    case Opcode::pop_mark:
      stack_.pop_to_mark();
      break;
    case Opcode::duplicate:
      stack_.duplicate();
      break;
    case Opcode::put8:
      stack_.remember(bytes_.number<uint8_t>());
      break;
    case Opcode::put32:
      stack_.remember(bytes_.number<uint32_t>());
      break;
    case Opcode::memoize:
      stack_.remember();
      break;
    case Opcode::get8:
      stack_.recall(bytes_.number<uint8_t>());
      break;
    case Opcode::get32:
      stack_.recall(bytes_.number<uint32_t>());
      break;
    case Opcode::frame:
      bytes_.number<uint64_t>();
      break;  // a hint for reading ahead
    default:
      return false;
  }
  return true;
}

}  // namespace

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

Pickle unpickle(std::string_view bytes, const std::string& source) {
  Unpickler unpickler(bytes);
  try {
    return unpickler.run();
  } catch (const PickleFault& fault) {
    throw Error(fmt::format("{}: is damaged ({} at byte {} of its pickle); copy or download it again", source,
                            fault.what(), unpickler.position()));
  }
}

}  // namespace promptbed
