#pragma once

#include <promptbed/export.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace promptbed {

/// Turns text into the token ids that the text tower was trained on.
class PROMPTBED_EXPORT Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of `text`, without start and end of text, of any length. Never throws for valid UTF-8.
  virtual std::vector<int64_t> encode(std::string_view text) const = 0;

  virtual int64_t start_of_text() const = 0;  ///< its id
  virtual int64_t end_of_text() const = 0;    ///< its id
};

}  // namespace promptbed
