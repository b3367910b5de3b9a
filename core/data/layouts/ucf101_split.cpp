#include <fmt/format.h>
#include <promptbed/error.h>

#include <charconv>
#include <map>

#include "data/layouts/split_making.h"
#include "data/layouts/split_origins.h"
#include "formats/lines.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

bool is_capital(char letter) {
  return letter >= 'A' && letter <= 'Z';
}

/// "ApplyEyeMakeup" -> "Apply_Eye_Makeup". What comes before the first capital is dropped, as there.
std::string split_at_capitals(const std::string& action) {
  std::string words;
  for (const char letter : action) {
    if (is_capital(letter) && !words.empty()) words += '_';
    if (is_capital(letter) || !words.empty()) words += letter;
  }
  return words;
}

std::map<std::string, int64_t> read_labels(const fs::path& file) {
  std::map<std::string, int64_t> labels;
  for (const auto& [number, action] : read_word_lines(file)) {
    int64_t label = 0;
    const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), label);
    if (fault != std::errc() || *end != '\0' || label < 1)
      throw Error(fmt::format("{}: '{}' is no label from 1 up; mend the file", file.string(), number));
    labels.emplace(action, label - 1);
  }
  return labels;
}

/// "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi 1": the number may be missing.
Image parse(const std::string& line, const fs::path& file, const std::map<std::string, int64_t>& labels) {
  const std::string path = line.substr(0, line.find(' '));
  const size_t slash = path.find('/');
  const auto label = slash == std::string::npos ? labels.end() : labels.find(path.substr(0, slash));
  if (label == labels.end() || !path.ends_with(".avi")) {
    throw Error(
        fmt::format("{}: line '{}' has to hold ACTION/VIDEO.avi, of an action in classInd.txt; mend the file",
                    file.string(), line));
  }
  const std::string words = split_at_capitals(label->first);
  const std::string stem = path.substr(slash + 1, path.size() - slash - 1 - 4);
  return {words + '/' + stem + ".jpg", label->second, words};
}

std::vector<Image> read_list(const fs::path& file, const std::map<std::string, int64_t>& labels) {
  std::vector<Image> images;
  for (const std::string& line : read_lines(file)) images.push_back(parse(line, file, labels));
  return images;
}

}  // namespace

Split split_ucf101(const DatasetSpec& spec, const fs::path& folder) {
  const fs::path lists = folder / "ucfTrainTestlist";
  const std::map<std::string, int64_t> labels = read_labels(lists / "classInd.txt");
  Split split;
  split.train = read_list(lists / "trainlist01.txt", labels);
  split.test = read_list(lists / "testlist01.txt", labels);
  hold_out_validation(split);
  return split;
}

}  // namespace promptbed
