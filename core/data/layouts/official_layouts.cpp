#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <sstream>

#include "data/layouts/layouts.h"
#include "data/layouts/split_making.h"
#include "formats/json_object.h"
#include "formats/matlab_file.h"
#include "formats/text_files.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

using Labels = std::map<std::string, int64_t>;

/// What `parse` makes of each line.
template <class Parse>
std::vector<Image> read_images(const fs::path& file, const Parse& parse) {
  std::vector<Image> images;
  for (const std::string& line : read_lines(file)) images.push_back(parse(line, file));
  return images;
}

/// "Great_Pyrenees_17 16 2 6" -> Great_Pyrenees_17.jpg, label 15, "great_pyrenees".
Image parse_pet(const std::string& line, const fs::path& file) {
  std::istringstream words(line);
  std::string stem;
  int64_t label = 0;
  const bool complete = static_cast<bool>(words >> stem >> label);
  const size_t number = stem.rfind('_');
  if (!complete || label < 1 || number == std::string::npos) {
    throw Error(
        fmt::format("{}: line '{}' must hold NAME_NUMBER and a label; fix the line", file.string(), line));
  }
  std::string name = stem.substr(0, number);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  return {stem + ".jpg", label - 1, name};
}

std::vector<Image> read_aircraft_images(const fs::path& file, const Labels& labels) {
  std::vector<Image> images;
  for (const auto& [number, variant] : read_word_lines(file)) {
    const auto label = labels.find(variant);
    if (label == labels.end()) {
      throw Error(
          fmt::format("{}: image {} is of '{}', which is not in the list of variants; fix one of them",
                      file.string(), number, variant));
    }
    images.push_back({number + ".jpg", label->second, variant});
  }
  return images;
}

/// "b/bakery/shop" -> "shop bakery".
std::string sun_class_name(const std::string& path) {
  std::string name;
  for (size_t end = path.size(); true;) {
    const size_t slash = path.rfind('/', end - 1);
    if (slash == std::string::npos) return name;
    if (!name.empty()) name += ' ';
    name.append(path, slash + 1, end - slash - 1);
    end = slash;
  }
}

/// "/b/bakery/shop" -> "b/bakery/shop".
std::string sun_path(const std::string& line, const fs::path& file) {
  if (line.size() < 2 || line.front() != '/' || line.find('/', 1) == std::string::npos) {
    throw Error(
        fmt::format("{}: line '{}' must hold a path such as /a/abbey; fix the line", file.string(), line));
  }
  return line.substr(1);
}

Image parse_sun(const std::string& line, const fs::path& file, const Labels& labels) {
  std::string path = sun_path(line, file);
  const std::string folder = path.substr(0, path.rfind('/'));
  const auto label = labels.find(folder);
  if (label == labels.end()) {
    throw Error(
        fmt::format("{}: the class of '{}' is not in ClassName.txt; fix one of them", file.string(), line));
  }
  return {std::move(path), label->second, sun_class_name(folder)};
}

bool is_capital(char letter) {
  return letter >= 'A' && letter <= 'Z';
}

/// "ApplyEyeMakeup" -> "Apply_Eye_Makeup". Like the reference, drops what precedes the first capital.
std::string split_at_capitals(const std::string& action) {
  std::string words;
  for (const char letter : action) {
    if (is_capital(letter) && !words.empty()) words += '_';
    if (is_capital(letter) || !words.empty()) words += letter;
  }
  return words;
}

Labels read_ucf_labels(const fs::path& file) {
  Labels labels;
  for (const auto& [number, action] : read_word_lines(file)) {
    int64_t label = 0;
    const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), label);
    if (fault != std::errc() || *end != '\0' || label < 1)
      throw Error(fmt::format("{}: '{}' is not a label, 1 or more; fix the file", file.string(), number));
    labels.emplace(action, label - 1);
  }
  return labels;
}

/// "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi 1", the number being optional ->
/// Apply_Eye_Makeup/v_ApplyEyeMakeup_g01_c01.jpg.
Image parse_ucf(const std::string& line, const fs::path& file, const Labels& labels) {
  const std::string path = line.substr(0, line.find(' '));
  const size_t slash = path.find('/');
  const auto label = slash == std::string::npos ? labels.end() : labels.find(path.substr(0, slash));
  if (label == labels.end() || !path.ends_with(".avi")) {
    throw Error(
        fmt::format("{}: line '{}' must hold ACTION/VIDEO.avi, with an action of classInd.txt; fix the line",
                    file.string(), line));
  }
  const std::string words = split_at_capitals(label->first);
  const std::string stem = path.substr(slash + 1, path.size() - slash - 1 - 4);
  return {words + '/' + stem + ".jpg", label->second, words};
}

/// "Audi TTS Coupe 2012" -> "2012 Audi TTS Coupe".
std::string year_first(const std::string& name) {
  const size_t blank = name.rfind(' ');
  if (blank == std::string::npos) return name;
  return name.substr(blank + 1) + ' ' + name.substr(0, blank);
}

std::vector<Image> read_car_annotations(const fs::path& file, const std::string& image_folder,
                                        const std::vector<std::string>& class_names) {
  const MatlabFile annotations(file);
  const std::vector<std::string> names = annotations.texts("annotations", "fname");
  const std::vector<int64_t> labels = annotations.integers("annotations", "class");
  std::vector<Image> images;
  for (size_t i = 0; i < names.size(); ++i) {
    if (labels[i] < 1 || labels[i] > static_cast<int64_t>(class_names.size())) {
      throw Error(fmt::format("{}: {} has class {}, out of 1 to {}; put the original file there",
                              file.string(), names[i], labels[i], class_names.size()));
    }
    const int64_t label = labels[i] - 1;
    images.push_back({image_folder + names[i], label, class_names[static_cast<size_t>(label)]});
  }
  return images;
}

}  // namespace

Split split_pets(const DatasetSpec&, const fs::path& folder) {
  Split split;
  split.train = read_images(folder / "annotations/trainval.txt", parse_pet);
  split.test = read_images(folder / "annotations/test.txt", parse_pet);
  hold_out_validation(split);
  return split;
}

Split read_aircraft_split(const DatasetSpec& spec, const fs::path& folder) {
  Labels labels;
  for (const std::string& variant : read_lines(folder / spec.split.file))
    labels.emplace(variant, static_cast<int64_t>(labels.size()));
  Split split;
  const auto& [train, val, test] = kAircraftLists;
  split.train = read_aircraft_images(folder / train, labels);
  split.val = read_aircraft_images(folder / val, labels);
  split.test = read_aircraft_images(folder / test, labels);
  return split;
}

Split split_sun397(const DatasetSpec&, const fs::path& folder) {
  const fs::path classes = folder / "ClassName.txt";
  Labels labels;
  for (const std::string& line : read_lines(classes))
    labels.emplace(sun_path(line, classes), static_cast<int64_t>(labels.size()));
  const auto parse = [&](const std::string& line, const fs::path& file) {
    return parse_sun(line, file, labels);
  };
  Split split;
  split.train = read_images(folder / "Training_01.txt", parse);
  split.test = read_images(folder / "Testing_01.txt", parse);
  hold_out_validation(split);
  return split;
}

Split split_ucf101(const DatasetSpec&, const fs::path& folder) {
  const fs::path lists = folder / "ucfTrainTestlist";
  const Labels labels = read_ucf_labels(lists / "classInd.txt");
  const auto parse = [&](const std::string& line, const fs::path& file) {
    return parse_ucf(line, file, labels);
  };
  Split split;
  split.train = read_images(lists / "trainlist01.txt", parse);
  split.test = read_images(lists / "testlist01.txt", parse);
  hold_out_validation(split);
  return split;
}

Split split_cars(const DatasetSpec&, const fs::path& folder) {
  std::vector<std::string> names = MatlabFile(folder / "devkit/cars_meta.mat").texts("class_names");
  for (std::string& name : names) name = year_first(name);
  Split split;
  split.train = read_car_annotations(folder / "devkit/cars_train_annos.mat", "cars_train/", names);
  split.test = read_car_annotations(folder / "cars_test_annos_withlabels.mat", "cars_test/", names);
  hold_out_validation(split);
  return split;
}

Split split_flowers(const DatasetSpec&, const fs::path& folder) {
  const std::vector<int64_t> labels = MatlabFile(folder / "imagelabels.mat").integers("labels");
  JsonObject names = JsonObject::read(folder / "cat_to_name.json");
  std::vector<ClassImages> classes;
  std::map<int64_t, size_t> place_of;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto [place, first] = place_of.emplace(labels[i], classes.size());
    if (first) classes.push_back({labels[i] - 1, names.text(std::to_string(labels[i])), {}});
    classes[place->second].paths.push_back(fmt::format("image_{:05}.jpg", i + 1));
  }
  return divide_classes(classes);
}

}  // namespace promptbed
