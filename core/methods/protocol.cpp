#include <promptbed/task.h>

namespace promptbed {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::base_new:
      return "base-new";
    case Protocol::few_shot:
      return "few-shot";
    case Protocol::cross_dataset:
      return "cross-dataset";
    case Protocol::domain:
      return "domain";
  }
  return "";
}

}  // namespace promptbed
