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

std::string bar(double share) {
  const auto filled = static_cast<int64_t>(share * static_cast<double>(kBarWidth));
  return fmt::format("[{}{}]", std::string(filled, '='), std::string(kBarWidth - filled, ' '));
}

}  // namespace

std::string duration_text(Seconds time) {
  const auto seconds = static_cast<int64_t>(std::ceil(time.count()));
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string progress_text(std::string_view title, int64_t done, int64_t total, Seconds elapsed,
                          const Underway& underway) {
  total = std::max<int64_t>({total, done, 1});
  const double steps = std::min(static_cast<double>(done) + underway.steps, static_cast<double>(total));
  const double share = steps / static_cast<double>(total);
  std::string text =
      fmt::format("{}  {} {}/{} {:3}%", title, bar(share), done, total, static_cast<int64_t>(100 * share));
  const std::string what = underway.text.empty() ? "" : "  " + underway.text;
  if (steps == 0 || elapsed <= Seconds::zero()) return text + what;

  const double rate = steps / elapsed.count();
  text += rate < 10 ? fmt::format("  {:.2g}/s", rate) : fmt::format("  {:.0f}/s", rate);
  if (done == total) return text + "  in " + duration_text(elapsed);
  const Seconds left((static_cast<double>(total) - steps) / rate);
  return fmt::format("{}  {}, {} left{}", text, duration_text(elapsed), duration_text(left), what);
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
  underway_ = {};
  show_if_due();
}

void Progress::tell(Underway underway) {
  underway_ = std::move(underway);
  show_if_due();
}

void Progress::show_if_due() {
  const Clock::duration silence = Clock::now() - shown_;
  if (terminal_ ? silence >= kTerminalInterval : silence >= kPlainInterval) show();
}

void Progress::show() {
  shown_ = Clock::now();
  const std::string text = progress_text(title_, done_, total_, shown_ - start_, underway_);
  if (terminal_) {
    out_ << kClearLine << text << std::flush;
  } else {
    out_ << text << std::endl;
  }
}

}  // namespace promptbed
