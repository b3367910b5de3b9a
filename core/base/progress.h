#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace promptbed {

/// What is under way besides the steps that are done: how many steps it makes up so far, and in words.
struct Underway {
  double steps = 0;
  std::string text = {};
};

/// A progress line after `elapsed` time: steps done and in total, percentage, rate, time elapsed and left,
/// and what is under way.
///
///     extracting features: transport  [=====     ] 212/425  49%  180/s  1 s, 1 s left
///     runs  [=         ] 1/9  14%  0.06/s  21 s, 2 min 9 s left  coop on media: epoch 14 of 50
std::string progress_text(std::string_view title, int64_t done, int64_t total,
                          std::chrono::duration<double> elapsed, const Underway& underway = {});

/// A duration for people: "8 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(std::chrono::duration<double> time);

/// Whether the stream is std::cout or std::cerr and goes to a terminal.
bool is_terminal(const std::ostream& out);

/// Shows the progress of a long job: on a terminal as one line that is redrawn, and cleared at the end;
/// otherwise as plain lines, one every ten seconds and one at the end. For use by one thread.
///
///     Progress progress("extracting features: transport", 425, std::cerr, is_terminal(std::cerr));
///     for (...) progress.advance();
class Progress {
 public:
  Progress(std::string title, int64_t total, std::ostream& out, bool terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t steps = 1);

  /// Tells what is under way since the last step.
  void tell(Underway underway);

 private:
  using Clock = std::chrono::steady_clock;

  void show();
  void show_if_due();

  std::string title_;
  int64_t total_;
  int64_t done_ = 0;
  Underway underway_;
  std::ostream& out_;
  bool terminal_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
};

}  // namespace promptbed
