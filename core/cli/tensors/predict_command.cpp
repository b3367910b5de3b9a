#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "base/text.h"
#include "cli/json_text.h"
#include "cli/tensors/classifier_options.h"
#include "cli/tensors/input_options.h"
#include "data/draws/class_sets.h"
#include "data/suites/chosen_datasets.h"
#include "data/suites/dataset_spec.h"
#include "data/suites/given_names.h"
#include "features/picture_features.h"
#include "table/render.h"
#include "training/evaluate.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostGuesses = 1'000'000;

Subcommand predict_description() {
  return {.usage = "runner predict IMAGE|FOLDER|ARCHIVE... [OPTIONS]",
          .explanation =
              "Classifies images: prints the most likely of the classes that you name, of a\n"
              "dataset's, or of those the prompt was trained on. A folder, or a stored ZIP (zip -0),\n"
              "stands for all images in it; a pipe, such as /dev/stdin, for the image that comes out of it.\n"
              "Images that cannot be read are listed on standard error, the others are classified; the exit\n"
              "code is then 1.\n\n"
              "  runner predict cat.jpg --classes \"cat,dog,teapot\"\n"
              "  runner predict images --prompt 4f1d --dataset objects --format csv > predictions.csv\n"
              "  runner predict images --classes-file classes.txt --template \"a drawing of a {}.\" --model "
              "models/ViT-B-16",
          .options = {{"options",
                       {shared("classes"),
                        shared("classes-file"),
                        shared("dataset", "; whose classes to use"),
                        shared_or("class-set", "all", "; with --dataset"),
                        {"template", "T", "for zero-shot; default: the dataset's, or \"a photo of a {}.\""},
                        shared("top", "; classes per image"),
                        shared("format"),
                        shared("threads", "; default: one per core")}},
                      classifier_options(),
                      model_options(),
                      data_options()},
          .takes_arguments = true};
}

/// The images that the arguments name, folder by folder.
std::vector<LooseImage> named_images(const Values& values) {
  if (values.arguments().empty()) throw Error("runner predict needs images, or folders of images");
  std::vector<LooseImage> images;
  for (const fs::path path : values.arguments())
    std::ranges::move(images_at(path), std::back_inserter(images));
  return images;
}

/// The candidate classes, and the dataset whose template they are put in.
struct Choice {
  ClassNames class_names;
  DatasetSpec words;
};

Choice classes_of_dataset(const Values& values, const DataSpec& spec) {
  const ChosenDatasets chosen(spec);
  const DatasetSpec& dataset = only_dataset(chosen);
  return {class_names_of(chosen.read_split(dataset), class_set_of(values)), dataset};
}

/// The classes that the options name. Throws Error if they name none, or in two ways.
Choice chosen_classes(const Values& values, const Classifier& classifier, const DataSpec& spec) {
  std::vector<std::string> ways;
  for (const char* option : {"classes", "classes-file", "dataset"}) {
    if (values.given(option)) ways.push_back(fmt::format("--{}", option));
  }
  const std::string listed = values.text("classes");
  if (values.given("dataset") && (listed == "base" || listed == "new" || listed == "all"))
    throw Error(fmt::format("--classes {0}: is now --class-set {0}", listed));
  if (ways.size() > 1)
    throw Error(fmt::format("{} each choose classes; give one of them", fmt::join(ways, " and ")));
  if (values.given("dataset")) return classes_of_dataset(values, spec);
  if (values.given("class-set")) throw Error("--class-set: needs --dataset");
  if (values.given("class-names"))
    throw Error("--class-names: needs --dataset; --classes-file takes a list of names");
  Choice choice;
  choice.words.id = "pictures";
  choice.words.prompt_template = kDefaultTemplate;
  choice.words.context_init = kDefaultContext;
  if (values.given("classes-file")) {
    choice.class_names = read_class_list(values.text("classes-file"));
  } else if (values.given("classes")) {
    choice.class_names = values.items("classes");
    for (const std::string& name : choice.class_names) check_class_name(name, "--classes: class");
  } else if (classifier.prompt() && !classifier.prompt()->class_names.empty()) {
    choice.class_names = classifier.prompt()->class_names;
  } else {
    throw Error("runner predict needs classes; give --classes cat,dog or --classes-file FILE or --dataset D");
  }
  return choice;
}

void apply_template(const Values& values, const Classifier& classifier, DatasetSpec& words) {
  if (!values.given("template")) return;
  if (classifier.prompt()) throw Error("--template: the prompt has its own words; leave one of the two out");
  words.prompt_template = values.text("template");
  check_template_text(words.prompt_template, fmt::format("--template \"{}\"", words.prompt_template));
}

/// Images with their most likely classes.
struct Answer {
  std::vector<fs::path> pictures;
  ClassNames class_names;
  std::string score_name;  ///< of the classes' shares of the softmax
  Ranking ranking;

  const std::string& class_name(size_t picture, int64_t place) const {
    return class_names[static_cast<size_t>(at(ranking.classes, picture, place).item<int64_t>())];
  }
  double score(size_t picture, int64_t place) const {
    return at(ranking.probabilities, picture, place).item<double>();
  }
  int64_t places() const { return pictures.empty() ? 0 : ranking.classes.size(1); }

 private:
  static Tensor at(const Tensor& table, size_t row, int64_t column) {
    return table[static_cast<int64_t>(row)][column];
  }
};

std::string answer_text(const Answer& answer) {
  std::string text;
  for (size_t i = 0; i < answer.pictures.size(); ++i) {
    text += printable(answer.pictures[i].string()) + '\n';
    for (int64_t place = 0; place < answer.places(); ++place)
      text += fmt::format("  {:6.2f} %  {}\n", 100 * answer.score(i, place), answer.class_name(i, place));
  }
  return text;
}

std::string answer_json(const Answer& answer) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (size_t i = 0; i < answer.pictures.size(); ++i) {
    nlohmann::ordered_json guesses = nlohmann::ordered_json::array();
    for (int64_t place = 0; place < answer.places(); ++place)
      guesses.push_back(
          {{"class", answer.class_name(i, place)}, {answer.score_name, answer.score(i, place)}});
    json.push_back({{"picture", answer.pictures[i].string()}, {"guesses", guesses}});
  }
  return json_text(json);
}

std::string answer_csv(const Answer& answer) {
  Table table;
  table.columns = {{"picture"}, {"rank"}, {"class"}, {answer.score_name}};
  for (size_t i = 0; i < answer.pictures.size(); ++i) {
    for (int64_t place = 0; place < answer.places(); ++place) {
      table.rows.push_back({answer.pictures[i].string(), std::to_string(place + 1),
                            answer.class_name(i, place), fmt::format("{:.6f}", answer.score(i, place))});
    }
  }
  return render_csv(table);
}

/// Ranks the classes of all images that can be read; the others are reported on standard error.
class Guesser {
 public:
  /// `crops` are what a method's random crops cover, if it takes some.
  Guesser(PromptLearner& learner, const ClipModel& model, const Placement& placement, const CropRange& crops,
          int64_t threads, int64_t top)
      : learner_(learner),
        model_(model),
        device_(placement.device),
        crops_(crops),
        tower_(learner.needs().pixels ? nullptr : model.make_image_encoder(placement)),
        threads_(static_cast<int>(threads)),
        top_(top) {}

  /// The images that can be read, and their guesses.
  void fill(Answer& answer, std::span<const LooseImage> images) {
    std::vector<Tensor> classes, probabilities;
    std::optional<Progress> progress;  // of images whose features are made chunk by chunk
    if (!tower_)
      progress.emplace("images", static_cast<int64_t>(images.size()), std::cerr, is_terminal(std::cerr));
    while (!images.empty()) {
      const bool at_once = tower_ && learner_.needs().views_at_test == 0;
      const size_t count = std::min(at_once ? images.size() : kImagesAtOnce, images.size());
      LooseImageTensors read = readable(images.first(count));
      images = images.subspan(count);
      if (progress) progress->advance(static_cast<int64_t>(count));
      for (const std::string& fault : read.faults) fmt::print(stderr, "failed: {}\n", printable(fault));
      faults_ += read.faults.size();
      if (!read.tensors.defined()) continue;
      const Ranking ranking = ranked(read.tensors);
      classes.push_back(ranking.classes);
      probabilities.push_back(ranking.probabilities);
      std::ranges::move(read.images, std::back_inserter(answer.pictures));
    }
    if (!classes.empty()) answer.ranking = {at::cat(classes), at::cat(probabilities)};
  }

  /// Images that could not be read.
  size_t faults() const { return faults_; }

 private:
  // Of which the pixels are in memory, 600 KB each in ViT-B/16.
  static constexpr size_t kImagesAtOnce = 256;

  LooseImageTensors readable(std::span<const LooseImage> images) const {
    if (!tower_) {
      std::ostream nowhere(nullptr);
      return read_pixels(images, model_.preprocessing(), threads_, nowhere);
    }
    const PictureEncoder encoder(*tower_, model_.preprocessing(), device_, crops_);
    std::vector<int> views(static_cast<size_t>(1 + learner_.needs().views_at_test));
    std::iota(views.begin(), views.end(), kCentreView);  // which is the one before the first crop
    return encode_images(images, encoder, views, threads_, std::cerr);
  }

  Ranking ranked(const Tensor& images) const {
    const Tensor labels = at::zeros({images.size(0)}, at::device(device_).dtype(torch::kLong));
    if (tower_) return rank(learner_, {.set = {images.to(device_), labels}}, top_);
    return rank(learner_,
                {.set = {Tensor(), labels}, .pixels = std::make_shared<StoredPixels>(images.unsqueeze(0))},
                top_);
  }

  PromptLearner& learner_;
  const ClipModel& model_;
  torch::Device device_;
  CropRange crops_;
  std::unique_ptr<ImageEncoder> tower_;  ///< none for a method that takes pixels
  int threads_;
  int64_t top_;
  size_t faults_ = 0;
};

}  // namespace

int predict_command(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, predict_description());
  if (!values) return kAllDone;
  using Rendering = std::string (*)(const Answer&);
  const auto render = values->one_of<Rendering>(
      "format", {{"text", answer_text}, {"json", answer_json}, {"csv", answer_csv}});
  InputSpec spec;
  read_model_options(spec, *values);
  read_data_options(spec, *values, values->text("dataset"));
  const int64_t top = values->positive("top", 5, kMostGuesses);
  const int64_t threads = values->positive("threads", count_cores(), kMostThreads);
  at::set_num_threads(static_cast<int>(threads));

  const std::vector<LooseImage> images = named_images(*values);
  const Classifier classifier = make_classifier(*values, "clip_zeroshot");
  Choice choice = chosen_classes(*values, classifier, spec);
  apply_template(*values, classifier, choice.words);
  const ClipModel model = load_model(*values);
  settle_precision(spec, *values, classifier);
  const auto learner = classifier.serve(choice.class_names, choice.words, model, spec.placement);

  Guesser guesser(*learner, model, spec.placement, choice.words.crops, threads, top);
  Answer answer{.pictures = {},
                .class_names = choice.class_names,
                .score_name = classifier.score_name(),
                .ranking = {}};
  guesser.fill(answer, images);
  fmt::print("{}", render(answer));
  return guesser.faults() == 0 ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
