#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "cli/tensors/input_options.h"
#include "cli/tensors/prompts_commands.h"
#include "data/draws/class_sets.h"
#include "data/suites/chosen_datasets.h"
#include "data/suites/dataset_spec.h"
#include "data/suites/given_names.h"
#include "methods/assignment.h"
#include "prompts/classifier.h"
#include "prompts/reference_checkpoint.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

Subcommand prompts_import_description() {
  return {
      .usage = "runner prompts import CHECKPOINT --model MODEL --output FILE [OPTIONS]",
      .explanation =
          "Makes a trained prompt of prompt_learner/model.pth.tar-N, as saved by CoOp's and\n"
          "CoCoOp's code, or of what MaPLe's and PromptSRC's saved, which has the whole CLIP in it:\n"
          "only what is learned is kept. Nothing in the file is executed. The tensors determine the\n"
          "method, tokens and depth, and whether each class has its own. Class names are recovered\n"
          "from the embeddings in the file, in lower case; name the dataset that it was\n"
          "trained on to restore their spelling.\n\n"
          "  runner prompts import model.pth.tar-50 --model ViT-B-16.pt --output prompt.safetensors\n"
          "  runner prompts import model.pth.tar-200 --model ViT-B-16.pt --dataset oxford_pets --data data "
          "\\\n"
          "      --set coop.position=middle --output prompt.safetensors",
      .options = {{"options",
                   {required(shared("output")),
                    shared("method", "; another with the same tensors, such as kgcoop or ivlp"),
                    shared("set", "; what the tensors do not determine, such as coop.position=middle"),
                    shared("dataset", "; what it was trained on"),
                    shared("class-set",
                           "; of --dataset, trained on: base or all; default: as many as it has"),
                    shared("classes-file", "; what it was trained on"), shared("plugins")}},
                  model_options(),
                  data_options()},
      .takes_arguments = true,
      .retired = {{"classes", "--class-set base|all"}}};
}

/// What a prompt was trained on, as far as it is known.
struct TrainedOn {
  std::optional<DatasetSpec> dataset;
  std::string split_hash, classes;
  ClassNames class_names;
};

/// The number of classes in the checkpoint; 0 if unknown.
size_t count_classes(const ReferenceCheckpoint& checkpoint) {
  if (checkpoint.suffix.defined()) return static_cast<size_t>(checkpoint.suffix.size(0));
  return checkpoint.context().dim() == 3 ? static_cast<size_t>(checkpoint.context().size(0)) : 0;
}

/// Base or all: as the user says, or the one that has as many classes as the checkpoint.
ClassSet trained_set(const Split& split, const Values& values, const ReferenceCheckpoint& checkpoint) {
  if (values.given("class-set"))
    return values.one_of<ClassSet>("class-set", {{"base", ClassSet::base}, {"all", ClassSet::all}});
  const size_t classes = count_classes(checkpoint);
  if (classes == 0)
    throw Error(
        fmt::format("{}: does not name its classes; give --class-set base or all", checkpoint.origin.file));
  return classes == class_names_of(split, ClassSet::base).size() ? ClassSet::base : ClassSet::all;
}

TrainedOn trained_on(const Values& values, const ReferenceCheckpoint& checkpoint, const DataSpec& spec,
                     const ClipModel& model) {
  TrainedOn known;
  if (values.given("dataset")) {
    const ChosenDatasets chosen(spec);
    known.dataset = only_dataset(chosen);
    const Split split = chosen.read_split(*known.dataset);
    const ClassSet set = trained_set(split, values, checkpoint);
    known.split_hash = split.hash();
    known.classes = to_string(set);
    known.class_names = class_names_of(split, set);
  } else {
    known.class_names = values.given("classes-file") ? read_class_list(values.text("classes-file"))
                                                     : class_names_in(checkpoint, model);
  }
  if (known.class_names.empty()) {
    throw Error(
        fmt::format("{}: does not name its classes; give --dataset and --class-set, or --classes-file",
                    checkpoint.origin.file));
  }
  check_classes(checkpoint, known.class_names, model);
  return known;
}

/// The method's options: some follow from the context's shape, the user may give others.
Options import_options(const Method& method, const ReferenceCheckpoint& checkpoint,
                       const std::vector<std::string>& texts, const MethodRegistry& registry) {
  const auto assignments = parse_assignments(texts, {method.name()}, registry);
  for (const Assignment& assignment : assignments) {
    if (checkpoint.learned.options.contains(assignment.option) || assignment.option == "csc" ||
        assignment.option == "ctx_init") {
      throw Error(fmt::format("--set {}.{}: follows from the checkpoint; leave it out", method.name(),
                              assignment.option));
    }
  }
  Options options = single_options(method, assignments, registry);
  for (const auto& [name, value] : checkpoint.learned.options) options.set(name, value);
  return options;
}

TrainedPrompt make_prompt(const ReferenceCheckpoint& checkpoint, const Method& method, const Options& options,
                          const TrainedOn& known, const ClipModel& model) {
  TrainedPrompt prompt{{}, known.class_names, checkpoint.learned.state, checkpoint.origin};
  RunSpec& run = prompt.run;
  run.model = model.fingerprint();
  run.dataset = known.dataset ? known.dataset->id : "";
  run.split_hash = known.split_hash;
  run.classes = known.classes;
  run.prompt_template = known.dataset ? known.dataset->prompt_template : std::string(kDefaultTemplate);
  run.context_init = known.dataset ? known.dataset->context_init : std::string(kDefaultContext);
  run.method = method.name();
  run.method_version = method.spec->version;
  run.options = options.values();
  run.tokenizer = model.tokenizer_id();
  return prompt;
}

TrainedPrompt import(const ReferenceCheckpoint& checkpoint, const Values& values, const DataSpec& spec,
                     const ClipModel& model, const MethodRegistry& registry) {
  if (checkpoint.exported) {
    for (const char* option : {"method", "set", "dataset", "class-set", "classes-file", "class-names"}) {
      if (values.given(option))
        throw Error(fmt::format("--{}: {} was exported by promptbed and has it already; leave it out", option,
                                checkpoint.origin.file));
    }
    return *checkpoint.exported;
  }
  const Method& method =
      registry.at(values.given("method") ? values.text("method") : checkpoint.learned.method);
  const Options options = import_options(method, checkpoint, values.texts("set"), registry);
  return make_prompt(checkpoint, method, options, trained_on(values, checkpoint, spec, model), model);
}

/// Prints what the user might take for granted.
void print_import_notes(const ReferenceCheckpoint& checkpoint, const TrainedPrompt& prompt) {
  if (checkpoint.prefix.defined() || checkpoint.suffix.defined())
    fmt::print(stderr,
               "note: token_prefix and token_suffix are computed from the class names, and not kept\n");
  const auto position = prompt.run.options.find("position");
  if (!checkpoint.exported && position != prompt.run.options.end())
    fmt::print(stderr, "note: checkpoints do not say where the class name goes; assuming {}.position={}\n",
               prompt.run.method, std::get<std::string>(position->second));
}

}  // namespace

int import_prompt(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, prompts_import_description());
  if (!values) return kAllDone;
  const fs::path path = values->only_argument("prompts import", "a checkpoint");
  const fs::path output = output_file(*values);
  check_is_other(output, path);
  InputSpec spec;
  read_model_options(spec, *values);
  read_data_options(spec, *values, values->text("dataset"));
  const bool of_dataset = values->given("dataset");
  if (of_dataset && values->given("classes-file"))
    throw Error("--classes-file and --dataset both name the classes; leave one out");
  if (!of_dataset && values->given("class-names"))
    throw Error("--class-names: needs --dataset; --classes-file takes a list of names");

  const ReferenceCheckpoint checkpoint = read_reference_checkpoint(path);
  const MethodRegistry registry = load_plugins(*values);
  const ClipModel model = load_model(*values);
  check_model(checkpoint, model);
  TrainedPrompt prompt = import(checkpoint, *values, spec, model, registry);
  const Task task = model_task(model, spec.placement);
  if (!checkpoint.exported) prompt.run.options = settled_options(prompt, task, registry);
  // A learner that accepts the state proves that everything fits.
  restore_learner(prompt, task, prompt.class_names, registry);
  write_trained_prompt(output, prompt);
  print_import_notes(checkpoint, prompt);
  fmt::print("{}: {}, {} classes\n", output.string(), title_of(prompt), prompt.class_names.size());
  return kAllDone;
}

}  // namespace promptbed
