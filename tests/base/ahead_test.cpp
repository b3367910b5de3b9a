#include "base/ahead.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace promptbed {
namespace {

TEST(Ahead, HandsResultsOutInOrder) {
  Ahead<size_t> squares(100, 4, 8, [](size_t i) {
    std::this_thread::sleep_for(std::chrono::microseconds(i % 7 * 100));
    return i * i;
  });
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(squares.next(), i * i);
  EXPECT_EQ(squares.next(), std::nullopt);
}

TEST(Ahead, ComputesNoMoreThanItsWindowAhead) {
  std::atomic<size_t> made = 0;
  Ahead<size_t> numbers(100, 4, 8, [&](size_t i) { return ++made, i; });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(made, 8U);
  EXPECT_EQ(numbers.next(), 0U);
}

TEST(Ahead, AFaultArrivesInItsPlace) {
  Ahead<size_t> numbers(10, 3, 10, [](size_t i) {
    if (i == 2) throw std::runtime_error("two");
    return i;
  });
  EXPECT_EQ(numbers.next(), 0U);
  EXPECT_EQ(numbers.next(), 1U);
  EXPECT_THROW(numbers.next(), std::runtime_error);
  EXPECT_EQ(numbers.next(), 3U);
}

TEST(Ahead, EndsEarlyWithoutComputingTheRest) {
  std::atomic<size_t> made = 0;
  {
    Ahead<size_t> numbers(1000, 2, 4, [&](size_t i) { return ++made, i; });
    numbers.next();
  }
  EXPECT_LE(made, 5U);
}

}  // namespace
}  // namespace promptbed
