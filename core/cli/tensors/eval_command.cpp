#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "base/files.h"
#include "base/installation.h"
#include "cli/json_text.h"
#include "cli/tensors/classifier_options.h"
#include "cli/tensors/input_options.h"
#include "data/pictures/view.h"
#include "data/suites/given_names.h"
#include "prompts/evaluation.h"
#include "results/dataset_places.h"
#include "sweep/features.h"
#include "sweep/inputs.h"
#include "table/table.h"
#include "training/evaluate.h"

namespace promptbed {
namespace {

constexpr int64_t kFive = 5;

Subcommand eval_description() {
  return {.usage = "runner eval --prompt PROMPT | --method M [OPTIONS]",
          .explanation =
              "Tests a trained prompt, or a method that needs no training, on the test images of a\n"
              "dataset: accuracy, top-5 accuracy (of more than five classes) and macro-F1, accuracy by\n"
              "class and the most frequent confusions. The dataset is the one that the prompt was trained "
              "on, unless\n"
              "--dataset names another. Nothing is recorded in the ledger.\n\n"
              "  runner eval --prompt 4f1d --class-set new\n"
              "  runner eval --prompt prompt.safetensors --dataset objects --predictions predictions.csv\n"
              "  runner eval --method clip_zeroshot --dataset ./birds --model models/ViT-B-16",
          .options = {{"options",
                       {shared("dataset", "; default: the prompt's"),
                        shared_or("class-set", "all"),
                        shared("classes-file", "; instead of --class-set"),
                        shared("format"),
                        {"predictions", "FILE.csv", "write the prediction for each image"},
                        {"confusion", "FILE.csv", "write the whole confusion matrix"},
                        shared("threads", "; default: one per core")}},
                      classifier_options(),
                      model_options(),
                      data_options()},
          .takes_arguments = true,
          .retired = {{"classes", "--class-set base|new|all"}}};
}

/// Throws Error unless exactly one of --prompt and --method is given.
void check_classifier(const Values& values) {
  if (!values.arguments().empty()) {
    throw Error(
        fmt::format("runner eval {0}: a prompt is now named by --prompt {0}", values.arguments().front()));
  }
  if (!values.given("prompt") && !values.given("method"))
    throw Error("runner eval needs --prompt, or --method with a method that needs no training");
}

/// What a run was trained on, as --dataset would name it: by its id or, if it is a user's own, by where it
/// lay. Throws Error for one of the user's own that is not known or gone.
std::string dataset_of(const RunSpec& run, const std::filesystem::path& ledger) {
  if (const auto place = find_place(ledger, run.dataset, run.split_hash)) {
    if (std::filesystem::exists(*place)) return place->string();
    throw Error(
        fmt::format("{}: is gone, where {} lay that the prompt was trained on; give its folder with "
                    "--dataset",
                    place->string(), run.dataset));
  }
  const std::vector<Suite> suites = read_suites(datasets_folder());
  const bool is_of_suite = std::ranges::any_of(suites, [&](const Suite& suite) {
    return std::ranges::count(suite.datasets, run.dataset, &DatasetSpec::id) > 0;
  });
  if (is_of_suite) return run.dataset;
  throw Error(fmt::format("no suite has {}, which the prompt was trained on; give its folder with --dataset",
                          run.dataset));
}

/// The one dataset that is tested on.
std::string tested_dataset(const Values& values, const Classifier& classifier) {
  if (values.given("dataset")) return values.text("dataset");
  if (classifier.prompt() && !classifier.prompt()->run.dataset.empty())
    return dataset_of(classifier.prompt()->run, ledger_path(values));
  throw Error("runner eval needs the dataset to test on; give --dataset");
}

/// The test images, and which classes' they are, in words.
std::pair<TestImages, std::string> chosen_images(const DatasetSpec& dataset, const Split& split,
                                                 const Values& values) {
  if (!values.given("classes-file")) {
    const ClassSet set = class_set_of(values);
    TestImages tested = test_images_of(split, set);
    if (tested.class_names.empty()) {
      throw values.fault("class-set", fmt::format("{} has {}, and so no {} ones", dataset.id,
                                                  plural(split.class_names.size(), "class"), to_string(set)));
    }
    return {std::move(tested), fmt::format("{} classes", to_string(set))};
  }
  if (values.given("class-set"))
    throw Error("--class-set and --classes-file both choose classes; leave one out");
  const std::string file = values.text("classes-file");
  return {test_images_of(split, read_class_list(file)), fmt::format("the classes in {}", file)};
}

/// By pixels, or by features that are extracted if they are not there.
Ranking ranked(PromptLearner& learner, const Classifier& classifier, const TestImages& tested,
               const DatasetSpec& dataset, Inputs& inputs, const InputSpec& spec, int64_t threads) {
  const torch::Device device = spec.placement.device;
  const Needs needs = learner.needs();
  if (needs.pixels || needs.views_at_test > 0) inputs.check_images_exist(dataset, classifier.title());
  if (needs.pixels) {
    return rank(learner,
                {.set = {Tensor(), labels_of(tested.images).to(device)},
                 .pixels = inputs.centre_pixels(dataset, tested.images),
                 .stream = classifier.stream()},
                kFive);
  }
  FeatureRequest request{{}, {kCentreView}};
  for (const Image& image : tested.images) request.images.push_back(image.path);
  inputs.extract(dataset, {{request}}, threads, std::cerr);
  FeatureSet features = read_features(inputs.open_cache(dataset), tested.images, {kCentreView}, device);
  std::function<Tensor(const Tensor& rows)> crops;
  if (needs.views_at_test > 0) {
    request.views = training_views(needs.views_at_test);
    inputs.extract_test_views(dataset, {{request}}, threads, std::cerr);
    crops = crops_of(std::make_shared<FeatureCache>(inputs.open_test_views(dataset)), tested.images,
                     needs.views_at_test);
  }
  return rank(learner, {.set = std::move(features), .crops = std::move(crops), .stream = classifier.stream()},
              kFive);
}

}  // namespace

int eval_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, eval_description());
  if (!values) return kAllDone;
  check_classifier(*values);
  using Rendering = std::string (*)(const Evaluation&);
  const auto render = values->one_of<Rendering>(
      "format", {{"text", [](const Evaluation& e) { return e.as_text(); }},
                 {"json", [](const Evaluation& e) { return json_text(e.as_json()); }},
                 {"csv", [](const Evaluation& e) { return e.as_csv(); }}});
  InputSpec spec;
  read_model_options(spec, *values);
  const std::string predictions = output_file(*values, "predictions");
  const std::string confusion = output_file(*values, "confusion");
  if (!predictions.empty() && std::filesystem::path(predictions).lexically_normal() ==
                                  std::filesystem::path(confusion).lexically_normal())
    throw Error("--predictions and --confusion are two files; give each a name of its own");
  const int64_t threads = values->positive("threads", count_cores(), kMostThreads);
  at::set_num_threads(static_cast<int>(threads));

  Classifier classifier = make_classifier(*values, /*otherwise=*/"");
  settle_precision(spec, *values, classifier);
  read_data_options(spec, *values, tested_dataset(*values, classifier));
  Inputs inputs(spec);
  if (inputs.datasets().size() != 1)
    throw Error(fmt::format("--dataset {}: give one dataset", spec.datasets));
  const DatasetSpec& dataset = inputs.datasets().front();
  const Split split = inputs.read_split(dataset);
  print_notes(split);
  classifier.recall_classes(dataset, split);
  auto [tested, class_set] = chosen_images(dataset, split, *values);

  const auto learner = classifier.serve(tested.class_names, dataset, inputs.model(), spec.placement);
  const Ranking ranking = ranked(*learner, classifier, tested, dataset, inputs, spec, threads);
  const Evaluation evaluation(classifier.title(), dataset.id, class_set, std::move(tested),
                              guesses_of(ranking));
  if (!predictions.empty()) write_file(predictions, evaluation.predictions_csv(classifier.score_name()));
  if (!confusion.empty()) write_file(confusion, evaluation.confusion_csv());
  fmt::print("{}", render(evaluation));
  return kAllDone;
}

}  // namespace promptbed
