#include "held_out.h"

#include <ATen/ATen.h>

#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"

namespace promptbed::pocket {
namespace {

constexpr size_t kLeastDrawings = 8, kMostDrawings = 31;  // more common names are too much to lose
constexpr uint64_t kNamesPerUnseen = 15;
constexpr uint64_t kDrawingsPerHeldOut = 50;
constexpr size_t kOwnNames = 1000;
constexpr int64_t kDrawingsPerName = 8;

using Drawing = uint64_t;  // the hash of its pixels

Drawing drawing_of(const Tensor& planes) {
  const std::span bytes(planes.data_ptr<uint8_t>(), static_cast<size_t>(planes.numel()));
  return Hasher().add("held-out drawing").add(std::as_bytes(bytes)).low64();
}

bool is_chosen(const std::string& name) {
  return Hasher().add("held-out name").add(name).low64() % kNamesPerUnseen == 0;
}

/// Adds drawings to a task, each once, and of each name so many at most.
class TaskBuilder {
 public:
  TaskBuilder(NamingTask& task, size_t most_names, int64_t per_name)
      : task_(task), most_names_(most_names), per_name_(per_name) {}

  void add(const std::string& name, int64_t pair, Drawing drawing) {
    if (!numbers_.contains(name)) {
      if (task_.names.size() == most_names_) return;
      numbers_[name] = static_cast<int64_t>(task_.names.size());
      task_.names.push_back(name);
    }
    if (drawings_of_[name] == per_name_ || !taken_.insert(drawing).second) return;
    ++drawings_of_[name];
    task_.pairs.push_back(pair);
    task_.answers.push_back(numbers_[name]);
  }

 private:
  NamingTask& task_;
  size_t most_names_;
  int64_t per_name_;
  std::unordered_map<std::string, int64_t> numbers_, drawings_of_;
  std::unordered_set<Drawing> taken_;
};

/// Which names the drawings have, and which drawings the names.
struct Catalogue {
  explicit Catalogue(const PairSet& pairs) {
    for (int64_t i = 0; i < pairs.size(); ++i) {
      drawings.push_back(drawing_of(pairs.picture(i)));
      drawings_of[pairs[i].name].insert(drawings.back());
      names_of[drawings.back()].insert(pairs[i].name);
    }
  }

  std::vector<Drawing> drawings;  ///< of each pair
  std::unordered_map<std::string, std::unordered_set<Drawing>> drawings_of;
  std::unordered_map<Drawing, std::unordered_set<std::string>> names_of;
};

std::unordered_set<std::string> choose_names(const Catalogue& catalogue) {
  std::unordered_set<std::string> chosen;
  for (const auto& [name, drawings] : catalogue.drawings_of) {
    if (drawings.size() >= kLeastDrawings && drawings.size() <= kMostDrawings && is_chosen(name))
      chosen.insert(name);
  }
  return chosen;
}

std::unordered_set<Drawing> choose_drawings(const Catalogue& catalogue,
                                            const std::unordered_set<std::string>& unseen) {
  std::unordered_set<Drawing> chosen;
  for (const auto& [drawing, names] : catalogue.names_of) {
    if (drawing % kDrawingsPerHeldOut == 0) chosen.insert(drawing);
  }
  for (const std::string& name : unseen) {
    const auto& drawings = catalogue.drawings_of.at(name);
    chosen.insert(drawings.begin(), drawings.end());
  }
  return chosen;
}

}  // namespace

HeldOut hold_out(const PairSet& pairs) {
  const Catalogue catalogue(pairs);
  const auto unseen = choose_names(catalogue);
  const auto held_out = choose_drawings(catalogue, unseen);
  const auto drawing = [&](int64_t i) { return catalogue.drawings[static_cast<size_t>(i)]; };

  HeldOut divided;
  std::unordered_set<std::string> trained_names;
  for (int64_t i = 0; i < pairs.size(); ++i) {
    if (held_out.contains(drawing(i))) continue;
    divided.trained.push_back(i);
    trained_names.insert(pairs[i].name);
  }
  TaskBuilder own_names(divided.own_names, kOwnNames, 1);
  TaskBuilder unseen_names(divided.unseen_names, unseen.size(), kDrawingsPerName);
  for (int64_t i = 0; i < pairs.size(); ++i) {
    if (!held_out.contains(drawing(i)) || catalogue.names_of.at(drawing(i)).size() > 1) continue;
    const std::string& name = pairs[i].name;
    if (unseen.contains(name)) unseen_names.add(name, i, drawing(i));
    if (trained_names.contains(name)) own_names.add(name, i, drawing(i));
  }
  return divided;
}

}  // namespace promptbed::pocket
