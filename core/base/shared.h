#pragma once

#include <memory>
#include <utility>

namespace promptbed {

/// A value that nobody changes any more, and that its copies share: for what is large and part of many
/// things.
template <typename Value>
class Shared {
 public:
  Shared() : value_(std::make_shared<const Value>()) {}
  Shared(Value value) : value_(std::make_shared<const Value>(std::move(value))) {}

  const Value& operator*() const { return *value_; }
  const Value* operator->() const { return value_.get(); }

  friend bool operator==(const Shared& left, const Shared& right) { return *left == *right; }

 private:
  std::shared_ptr<const Value> value_;
};

}  // namespace promptbed
