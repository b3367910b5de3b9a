#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace promptbed {

/// Computes make(0), ..., make(count - 1) on its own threads, ahead of the caller, who receives the results
/// in order. At most `window` results are in progress or waiting. The destructor joins the threads, also
/// early.
///
///     Ahead<Picture> pictures(paths.size(), 4, 16, [&](size_t i) { return decode_picture(paths[i]); });
///     while (auto picture = pictures.next()) ...
template <class Result>
class Ahead {
 public:
  Ahead(size_t count, size_t threads, size_t window, std::function<Result(size_t)> make)
      : count_(count), make_(std::move(make)), slots_(window) {
    for (size_t i = 0; i < std::min(threads, count); ++i) threads_.emplace_back([this] { work(); });
  }

  ~Ahead() {
    {
      const std::lock_guard lock(mutex_);
      count_ = started_;
    }
    room_.notify_all();
  }

  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  /// The next result, or nothing after the last. Throws what `make` threw for it.
  std::optional<Result> next() {
    std::unique_lock lock(mutex_);
    if (taken_ == count_) return std::nullopt;
    Slot& slot = slots_[taken_ % slots_.size()];
    ready_.wait(lock, [&] { return slot.result || slot.fault; });
    ++taken_;
    Slot done = std::exchange(slot, {});
    room_.notify_one();
    if (done.fault) std::rethrow_exception(done.fault);
    return std::move(done.result);
  }

 private:
  struct Slot {
    std::optional<Result> result;
    std::exception_ptr fault;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      room_.wait(lock, [&] { return started_ >= count_ || started_ < taken_ + slots_.size(); });
      if (started_ >= count_) return;
      const size_t number = started_++;
      lock.unlock();
      Slot done = attempt(number);
      lock.lock();
      slots_[number % slots_.size()] = std::move(done);
      ready_.notify_one();
    }
  }

  Slot attempt(size_t number) const {
    try {
      return {make_(number), nullptr};
    } catch (...) {
      return {std::nullopt, std::current_exception()};
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_, room_;
  size_t count_;
  size_t started_ = 0, taken_ = 0;
  std::function<Result(size_t)> make_;
  std::vector<Slot> slots_;
  std::vector<std::jthread> threads_;  ///< declared last: they end before what they use
};

}  // namespace promptbed
