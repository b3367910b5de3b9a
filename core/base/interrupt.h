#pragma once

#include <exception>

namespace promptbed {

/// Thrown where work stops because the user asked for it (Ctrl-C, or a termination request). Not an Error:
/// nothing is wrong, and what is finished is kept.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// From now on SIGINT and SIGTERM are remembered instead of ending the process; a second one ends it at once.
void watch_for_interrupts();

/// Whether one has come.
bool interrupted() noexcept;

/// Throws Interrupted if one has come. Loops call it once a step.
void check_interrupt();

}  // namespace promptbed
