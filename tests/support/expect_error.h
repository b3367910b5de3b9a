#pragma once

#include <gtest/gtest.h>
#include <promptbed/error.h>

#include <string>

namespace promptbed::test {

/// The message of the Error that `action` throws; fails the test where it throws none, or one of several
/// lines.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& fault) {
    const std::string message = fault.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << "an error is one line: " << message;
    return message;
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

}  // namespace promptbed::test

/// `action` throws an Error whose message contains `part`.
#define EXPECT_ERROR(action, part)                                                            \
  do {                                                                                        \
    const std::string promptbed_message = ::promptbed::test::error_of([&] { (void)action; }); \
    EXPECT_NE(promptbed_message.find(part), std::string::npos) << promptbed_message;          \
  } while (false)
