#pragma once

#include <span>
#include <string>
#include <string_view>

namespace promptbed::test {

/// A reader of files from strangers, to be fed with any bytes. libFuzzer feeds it (scripts/fuzz.sh), and
/// records_tests replays what libFuzzer has found before (corpus/NAME).
struct FuzzTarget {
  const char* name;
  const char* file;  ///< the name under which the reader finds the bytes
  void (*read)(const std::string& path);
};

std::span<const FuzzTarget> fuzz_targets();

/// The target of that name. Throws std::invalid_argument, listing the known ones.
const FuzzTarget& fuzz_target(std::string_view name);

/// Has a target read these bytes. What a reader may do is take them or throw Error: one line, which names the
/// file and is printable. Throws std::logic_error for an Error that is not like that; anything else leaves as
/// it comes.
void run_fuzz_target(const FuzzTarget& target, std::string_view bytes);

}  // namespace promptbed::test
