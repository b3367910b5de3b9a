#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <promptbed/trained_classes.h>

#include <algorithm>
#include <vector>

namespace promptbed {

Tensor trained_labels(const Task& task, const ClassNames& class_names, const std::string& lacking) {
  std::vector<int64_t> labels;
  std::vector<bool> taken(task.class_names.size());  // two classes may have one name
  for (const std::string& name : class_names) {
    size_t label = 0;
    while (label < taken.size() && (taken[label] || task.class_names[label] != name)) ++label;
    if (label == taken.size())
      throw NotTransferable(fmt::format("has no {} for classes that it was not trained on", lacking));
    taken[label] = true;
    labels.push_back(static_cast<int64_t>(label));
  }
  return torch::tensor(labels, torch::kLong).to(task.device);
}

Tensor bytes_of_names(const ClassNames& class_names) {
  std::vector<uint8_t> bytes;
  for (const std::string& name : class_names) {
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.push_back('\n');
  }
  return torch::tensor(bytes, torch::kByte);
}

ClassNames names_in_bytes(const Tensor& bytes) {
  ClassNames names;
  const Tensor here = bytes.cpu().contiguous();
  const auto* const begin = here.data_ptr<uint8_t>();
  const auto* const end = begin + here.numel();
  for (const auto* at = begin; at != end;) {
    const auto* const stop = std::find(at, end, '\n');
    names.emplace_back(at, stop);
    at = stop == end ? end : stop + 1;
  }
  return names;
}

}  // namespace promptbed
