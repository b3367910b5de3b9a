#pragma once

#include <promptbed/export.h>

#include <stdexcept>

namespace promptbed {

/// Something the user can fix. The message is one line that names the thing, the value and the remedy: "ratio
/// 1.5: give a number from 0 to 1". The host prefixes the method's name.
class PROMPTBED_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A class's prompt has more tokens than the model takes. Fails only the runs on that dataset.
class PROMPTBED_EXPORT PromptTooLong : public Error {
 public:
  using Error::Error;
};

/// A trained prompt cannot serve classes it was not trained on. Not a failure: the run is scored on its own
/// classes, and tables print "cannot" in the other cells.
class PROMPTBED_EXPORT NotTransferable : public Error {
 public:
  using Error::Error;
};

}  // namespace promptbed
