#include "base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>

namespace promptbed {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr int64_t kBarWidth = 20;
constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kPlainInterval = std::chrono::seconds(10);
constexpr std::string_view kClearLine = "\r\x1b[K";

std::string bar(int64_t done, int64_t total) {
  const int64_t filled = kBarWidth * done / total;
  return fmt::format("[{}{}]", std::string(filled, '='), std::string(kBarWidth - filled, ' '));
}

}  // namespace

std::string duration_text(Seconds time) {
  const auto seconds = static_cast<int64_t>(std::ceil(time.count()));
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string progress_text(std::string_view title, int64_t done, int64_t total, Seconds elapsed) {
  total = std::max<int64_t>({total, done, 1});
  std::string text =
      fmt::format("{}  {} {}/{} {:3}%", title, bar(done, total), done, total, 100 * done / total);
  if (done == 0 || elapsed <= Seconds::zero()) return text;

  const double rate = static_cast<double>(done) / elapsed.count();
  text += rate < 10 ? fmt::format("  {:.2g}/s", rate) : fmt::format("  {:.0f}/s", rate);
  if (done == total) return text + "  in " + duration_text(elapsed);
  return text + "  " + duration_text(Seconds(static_cast<double>(total - done) / rate)) + " left";
}

bool is_terminal(const std::ostream& out) {
  return (&out == &std::cerr && ::isatty(STDERR_FILENO) == 1) ||
         (&out == &std::cout && ::isatty(STDOUT_FILENO) == 1);
}

Progress::Progress(std::string title, int64_t total, std::ostream& out, bool terminal)
    : title_(std::move(title)), total_(total), out_(out), terminal_(terminal) {
  if (terminal_) show();
}

Progress::~Progress() {
  if (terminal_) {
    out_ << kClearLine << std::flush;
  } else {
    show();
  }
}

void Progress::advance(int64_t steps) {
  done_ += steps;
  const Clock::duration silence = Clock::now() - shown_;
  if (terminal_ ? silence >= kTerminalInterval : silence >= kPlainInterval) show();
}

void Progress::show() {
  shown_ = Clock::now();
  const std::string text = progress_text(title_, done_, total_, shown_ - start_);
  if (terminal_) {
    out_ << kClearLine << text << std::flush;
  } else {
    out_ << text << std::endl;
  }
}

}  // namespace promptbed
