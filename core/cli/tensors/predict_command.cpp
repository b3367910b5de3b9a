#include <ATen/Parallel.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/tensors/classifier_options.h"
#include "cli/tensors/input_options.h"
#include "data/draws/class_half.h"
#include "data/layouts/class_list.h"
#include "data/suites/chosen_datasets.h"
#include "data/suites/prompt_words.h"
#include "features/picture_features.h"
#include "table/render_csv.h"
#include "training/evaluate.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostGuesses = 1'000'000;

const Usage kUsage = {
    "runner predict PICTURE|FOLDER... [OPTIONS]",
    "Tells what pictures show: the most likely of the classes that you name, or of a dataset's, or of those\n"
    "that the prompt was trained on. A folder stands for all pictures in it and in its folders. A picture\n"
    "that cannot be read is named on standard error, and the others go on; exit code 1.\n\n"
    "  runner predict cat.jpg --classes \"cat,dog,teapot\"\n"
    "  runner predict pictures --prompt 4f1d --dataset objects --format csv > predictions.csv\n"
    "  runner predict pictures --class-names classes.txt --template \"a drawing of a {}.\" --model "
    "models/ViT-B-16"};

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("prompt", text("PROMPT"), "a trained prompt: a file or a run's id; default: zero-shot");
  add("classes", text("C,..."), "class names; with --dataset base, new or all");
  add("dataset", text("D"), "take the classes of a dataset of the suite, or of a folder of your own");
  add("template", text("T"), "of zero-shot, such as \"a photo of a {}.\"; default: this, or the dataset's");
  add("top", options::value<int64_t>()->value_name("N")->default_value(5), "classes to tell of each picture");
  add("format", text("F")->default_value("text"), "text, json or csv");
  add("threads", options::value<int64_t>()->value_name("N"), "default: one a core");
  described.add(describe_classifier_options())
      .add(describe_model_options())
      .add(describe_data_options(
          "class names, one a line or a JSON list; or a JSON object of names by dataset"));
  return described;
}

/// The pictures that the words name, folder by folder.
std::vector<fs::path> named_pictures(const options::variables_map& values) {
  const Arguments words = words_of(values);
  if (words.empty()) throw Error("runner predict needs pictures, or folders of pictures");
  std::vector<fs::path> files;
  for (const fs::path path : words) {
    std::error_code failure;
    if (!fs::is_directory(path, failure)) {
      files.push_back(path);
      continue;
    }
    const auto found = picture_files_in(path);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

/// What is told apart, and the words of the dataset that it belongs to.
struct Choice {
  ClassNames class_names;
  DatasetSpec words;
};

Choice classes_of_dataset(const options::variables_map& values, const DataSpec& spec) {
  const ChosenDatasets chosen(spec);
  if (chosen.list().size() != 1) throw Error(fmt::format("--dataset {}: give one dataset", spec.datasets));
  const DatasetSpec& dataset = chosen.list().front();
  const std::string set = values.count("classes") > 0 ? values["classes"].as<std::string>() : "all";
  return {class_names_of(
              chosen.read_split(dataset),
              one_of<ClassSet>("--classes", set,
                               {{"base", ClassSet::base}, {"new", ClassSet::new_}, {"all", ClassSet::all}})),
          dataset};
}

/// The classes that the options name. Throws Error where they name none, or in two ways.
Choice chosen_classes(const options::variables_map& values, const std::optional<ClassNames>& class_list,
                      const Classifier& classifier, const DataSpec& spec) {
  const bool of_dataset = values.count("dataset") > 0, listed = values.count("classes") > 0;
  if (class_list && (of_dataset || listed))
    throw Error("--class-names names all classes; leave out --classes and --dataset");
  if (of_dataset) return classes_of_dataset(values, spec);
  if (values.count("class-names") > 0 && !class_list)
    throw Error("--class-names with names by dataset needs --dataset; or give a list of names");
  Choice choice;
  choice.words.id = "pictures";
  choice.words.prompt_template = kDefaultTemplate;
  choice.words.context_init = kDefaultContext;
  if (class_list) {
    choice.class_names = *class_list;
  } else if (listed) {
    choice.class_names = split_list("--classes", values["classes"].as<std::string>());
  } else if (classifier.prompt() && !classifier.prompt()->class_names.empty()) {
    choice.class_names = classifier.prompt()->class_names;
  } else {
    throw Error("runner predict needs classes; give --classes cat,dog or --class-names FILE or --dataset D");
  }
  return choice;
}

void apply_template(const options::variables_map& values, const Classifier& classifier, DatasetSpec& words) {
  if (values.count("template") == 0) return;
  if (classifier.prompt()) throw Error("--template: the prompt has its own words; leave one of the two out");
  words.prompt_template = values["template"].as<std::string>();
  check_template_text(words.prompt_template, fmt::format("--template \"{}\"", words.prompt_template));
}

/// Pictures with their most likely classes.
struct Answer {
  std::vector<fs::path> pictures;
  ClassNames class_names;
  Ranking ranking;

  const std::string& class_name(size_t picture, int64_t place) const {
    return class_names[static_cast<size_t>(at(ranking.classes, picture, place).item<int64_t>())];
  }
  double probability(size_t picture, int64_t place) const {
    return at(ranking.probabilities, picture, place).item<double>();
  }
  int64_t places() const { return pictures.empty() ? 0 : ranking.classes.size(1); }

 private:
  static Tensor at(const Tensor& table, size_t row, int64_t column) {
    return table[static_cast<int64_t>(row)][column];
  }
};

std::string as_text(const Answer& answer) {
  std::string text;
  for (size_t i = 0; i < answer.pictures.size(); ++i) {
    text += answer.pictures[i].string() + '\n';
    for (int64_t place = 0; place < answer.places(); ++place)
      text +=
          fmt::format("  {:6.2f} %  {}\n", 100 * answer.probability(i, place), answer.class_name(i, place));
  }
  return text;
}

std::string as_json(const Answer& answer) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (size_t i = 0; i < answer.pictures.size(); ++i) {
    nlohmann::ordered_json guesses = nlohmann::ordered_json::array();
    for (int64_t place = 0; place < answer.places(); ++place)
      guesses.push_back(
          {{"class", answer.class_name(i, place)}, {"probability", answer.probability(i, place)}});
    json.push_back({{"picture", answer.pictures[i].string()}, {"guesses", guesses}});
  }
  return json_text(json);
}

std::string as_csv(const Answer& answer) {
  Table table;
  table.columns = {{"picture"}, {"rank"}, {"class"}, {"probability"}};
  for (size_t i = 0; i < answer.pictures.size(); ++i) {
    for (int64_t place = 0; place < answer.places(); ++place) {
      table.rows.push_back({answer.pictures[i].string(), std::to_string(place + 1),
                            answer.class_name(i, place),
                            fmt::format("{:.6f}", answer.probability(i, place))});
    }
  }
  return render_csv(table);
}

/// The pictures that can be read, encoded; the others are told of on standard error.
PictureFileFeatures encoded(const std::vector<fs::path>& files, const ClipModel& model,
                            const Placement& placement, int64_t threads) {
  const auto tower = model.make_image_encoder(placement);
  const PictureEncoder encoder(*tower, model.preprocessing(), placement.device);
  PictureFileFeatures features = encode_picture_files(files, encoder, static_cast<int>(threads), std::cerr);
  for (const std::string& fault : features.faults) fmt::print(stderr, "failed: {}\n", fault);
  return features;
}

}  // namespace

int predict_command(const Arguments& arguments) {
  const auto values = parse_arguments(arguments, describe(), kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  using Rendering = std::string (*)(const Answer&);
  const auto render = one_of<Rendering>("--format", (*values)["format"].as<std::string>(),
                                        {{"text", as_text}, {"json", as_json}, {"csv", as_csv}});
  InputSpec spec;
  read_model_options(spec, *values);
  read_data_options(spec, *values);
  std::optional<ClassNames> class_list;
  if (!spec.class_names.empty()) class_list = read_class_list(spec.class_names);
  if (class_list || values->count("dataset") == 0) spec.class_names.clear();
  if (values->count("dataset") > 0) spec.datasets = (*values)["dataset"].as<std::string>();
  const int64_t top = positive(*values, "top", 5, kMostGuesses);
  const int64_t threads = positive(*values, "threads", count_cores(), kMostThreads);
  at::set_num_threads(static_cast<int>(threads));

  const std::vector<fs::path> files = named_pictures(*values);
  const Classifier classifier = make_classifier(
      values->count("prompt") > 0 ? (*values)["prompt"].as<std::string>() : "", *values, "clip_zeroshot");
  Choice choice = chosen_classes(*values, class_list, classifier, spec);
  apply_template(*values, classifier, choice.words);
  const ClipModel model = load_model(*values);
  const auto learner = classifier.serve(choice.class_names, choice.words, model, spec.placement);

  PictureFileFeatures read = encoded(files, model, spec.placement, threads);
  Answer answer{std::move(read.pictures), choice.class_names, {}};
  if (!answer.pictures.empty()) answer.ranking = rank(*learner, read.features.to(spec.placement.device), top);
  fmt::print("{}", render(answer));
  return read.faults.empty() ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
