#include <ATen/Parallel.h>

#include <iostream>

#include "base/files.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/tensors/classifier_options.h"
#include "cli/tensors/input_options.h"
#include "data/layouts/class_list.h"
#include "data/pictures/view.h"
#include "prompts/evaluation.h"
#include "sweep/features.h"
#include "sweep/inputs.h"
#include "training/evaluate.h"

namespace promptbed {
namespace {

constexpr int64_t kFive = 5;

const Usage kUsage = {
    "runner eval [PROMPT | --method clip_zeroshot] --dataset D [OPTIONS]",
    "Tests a trained prompt, or a method that needs no training, on the test images of a dataset: accuracy,\n"
    "top-5 and macro-F1, accuracy by class and the most confused classes. PROMPT is a file or a run's id; "
    "the\n"
    "dataset is the one that it was trained on unless --dataset names another. Nothing goes into the "
    "ledger.\n\n"
    "  runner eval 4f1d --classes new\n"
    "  runner eval prompt.safetensors --dataset objects --predictions predictions.csv\n"
    "  runner eval --method clip_zeroshot --dataset pictures/birds --model models/ViT-B-16"};

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("dataset", text("D"), "a dataset of the suite, or a folder of your own; default: the prompt's");
  add("classes", text("C")->default_value("all"), "base, new or all");
  add("format", text("F")->default_value("text"), "text, json or csv");
  add("predictions", text("FILE.csv"), "write what each image was taken for");
  add("confusion", text("FILE.csv"), "write the whole confusion matrix");
  add("threads", options::value<int64_t>()->value_name("N"), "default: one per core");
  described.add(describe_classifier_options())
      .add(describe_model_options())
      .add(describe_data_options(
          "the classes to test, one per line or a JSON list, instead of --classes; or a "
          "JSON object of class names by dataset"));
  return described;
}

/// The prompt that the command's argument names, "" if --method stands for it.
std::string prompt_word(const options::variables_map& values) {
  if (values.count("method") > 0 && words_of(values).empty()) return "";
  return only_word(values, "eval", "a trained prompt, or --method with a method that needs no training");
}

/// The one dataset that is tested on.
std::string dataset_word(const options::variables_map& values, const Classifier& classifier) {
  if (values.count("dataset") > 0) return values["dataset"].as<std::string>();
  if (classifier.prompt() && !classifier.prompt()->run.dataset.empty())
    return classifier.prompt()->run.dataset;
  throw Error("runner eval needs the dataset to test on; give --dataset");
}

/// The test images, and which classes' they are, in words.
std::pair<TestImages, std::string> chosen_images(const Split& split, const options::variables_map& values,
                                                 const std::optional<ClassNames>& class_list) {
  if (!class_list) {
    const ClassSet set =
        one_of<ClassSet>("--classes", values["classes"].as<std::string>(),
                         {{"base", ClassSet::base}, {"new", ClassSet::new_}, {"all", ClassSet::all}});
    return {test_images_of(split, set), fmt::format("{} classes", to_string(set))};
  }
  if (!values["classes"].defaulted())
    throw Error("--classes and --class-names both choose classes; leave one out");
  return {test_images_of(split, *class_list),
          fmt::format("the classes in {}", values["class-names"].as<std::string>())};
}

FeatureSet test_features(const TestImages& tested, const DatasetSpec& dataset, Inputs& inputs,
                         const InputSpec& spec, int64_t threads) {
  FeatureRequest request{{}, {kCentreView}};
  for (const Image& image : tested.images) request.images.push_back(image.path);
  inputs.extract(dataset, {{request}}, threads, std::cerr);
  return read_features(inputs.open_cache(dataset), tested.images, {kCentreView}, spec.placement.device);
}

}  // namespace

int eval_command(const Arguments& arguments) {
  const auto values = parse_arguments(arguments, describe(), kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  using Rendering = std::string (*)(const Evaluation&);
  const auto render = one_of<Rendering>("--format", (*values)["format"].as<std::string>(),
                                        {{"text", [](const Evaluation& e) { return e.as_text(); }},
                                         {"json", [](const Evaluation& e) { return json_text(e.as_json()); }},
                                         {"csv", [](const Evaluation& e) { return e.as_csv(); }}});
  InputSpec spec;
  read_model_options(spec, *values);
  read_data_options(spec, *values);
  std::optional<ClassNames> class_list;
  if (!spec.class_names.empty()) class_list = read_class_list(spec.class_names);
  if (class_list) spec.class_names.clear();
  const int64_t threads = positive(*values, "threads", count_cores(), kMostThreads);
  at::set_num_threads(static_cast<int>(threads));

  Classifier classifier = make_classifier(prompt_word(*values), *values, /*otherwise=*/"");
  spec.datasets = dataset_word(*values, classifier);
  Inputs inputs(spec);
  if (inputs.datasets().size() != 1)
    throw Error(fmt::format("--dataset {}: give one dataset", spec.datasets));
  const DatasetSpec& dataset = inputs.datasets().front();
  const Split split = inputs.read_split(dataset);
  print_notes(split);
  classifier.recall_classes(dataset, split);
  auto [tested, class_set] = chosen_images(split, *values, class_list);

  const auto learner = classifier.serve(tested.class_names, dataset, inputs.model(), spec.placement);
  const FeatureSet features = test_features(tested, dataset, inputs, spec, threads);
  const Ranking ranking = rank(*learner, features.features.select(1, 0), kFive);
  const Evaluation evaluation(classifier.title(), dataset.id, class_set, std::move(tested),
                              guesses_of(ranking));
  if (values->count("predictions") > 0)
    write_file((*values)["predictions"].as<std::string>(), evaluation.predictions_csv());
  if (values->count("confusion") > 0)
    write_file((*values)["confusion"].as<std::string>(), evaluation.confusion_csv());
  fmt::print("{}", render(evaluation));
  return kAllDone;
}

}  // namespace promptbed
