#pragma once

#include <string_view>

namespace promptbed {

/// Which classes are trained on and which are tested.
enum class Protocol {
  base_new,       ///< train on the first half of a dataset's classes; test that half and the other
  few_shot,       ///< train and test on all classes of a dataset
  cross_dataset,  ///< train on all classes of one dataset, the source; test it and others as they are
  domain,         ///< the same, with shifted versions of the source as the others
  open_world,     ///< as base_new, and test both halves together, among the classes of both
};

/// All of them, in the order in which they are listed to users.
inline constexpr Protocol kProtocols[] = {Protocol::base_new, Protocol::open_world, Protocol::few_shot,
                                          Protocol::cross_dataset, Protocol::domain};

/// As it is typed after --protocol: "base-new", "open-world", "few-shot", "cross-dataset" or "domain".
constexpr std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::base_new:
      return "base-new";
    case Protocol::few_shot:
      return "few-shot";
    case Protocol::cross_dataset:
      return "cross-dataset";
    case Protocol::domain:
      return "domain";
    case Protocol::open_world:
      return "open-world";
  }
  return "";
}

/// Whether methods are trained on the first half of a dataset's classes.
constexpr bool has_halves(Protocol protocol) {
  return protocol == Protocol::base_new || protocol == Protocol::open_world;
}

/// Whether methods are trained on one dataset, the source, and tested on others too.
constexpr bool has_source(Protocol protocol) {
  return protocol == Protocol::cross_dataset || protocol == Protocol::domain;
}

}  // namespace promptbed
