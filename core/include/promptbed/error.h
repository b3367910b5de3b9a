#pragma once

#include <promptbed/export.h>

#include <stdexcept>

namespace promptbed {

/// Something that the user can put right. The message is one line that names the thing, the value and the
/// remedy: "ratio 1.5: give a number from 0 to 1". The host puts the method's name before it.
class PROMPTBED_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A class's prompt has more tokens than the model takes. Concerns the runs on that dataset only.
class PROMPTBED_EXPORT PromptTooLong : public Error {
 public:
  using Error::Error;
};

/// A trained prompt cannot serve other classes than those it was trained on. No failure: the run is scored on
/// its own classes, and the tables say "cannot" in the other cells.
class PROMPTBED_EXPORT NotTransferable : public Error {
 public:
  using Error::Error;
};

}  // namespace promptbed
