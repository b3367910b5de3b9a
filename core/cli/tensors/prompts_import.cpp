#include <fmt/format.h>

#include <algorithm>

#include "cli/tensors/input_options.h"
#include "cli/tensors/loaded_plugins.h"
#include "cli/tensors/prompts_commands.h"
#include "data/draws/class_half.h"
#include "data/layouts/class_list.h"
#include "data/suites/chosen_datasets.h"
#include "data/suites/prompt_words.h"
#include "methods/assignment.h"
#include "prompts/classifier.h"
#include "prompts/reference_checkpoint.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const Usage kUsage = {
    "runner prompts import CHECKPOINT --model MODEL --output FILE [OPTIONS]",
    "Makes a trained prompt of prompt_learner/model.pth.tar-N, as the code of CoOp and CoCoOp saves it; "
    "nothing\n"
    "in the file is executed. The method, the number of context tokens and whether each class has its own "
    "are\n"
    "told by the tensors. The classes are read off the embeddings in the file; where they are to have their\n"
    "names' own spelling, name the dataset that it was trained on.\n\n"
    "  runner prompts import model.pth.tar-50 --model ViT-B-16.pt --output prompt.safetensors\n"
    "  runner prompts import model.pth.tar-200 --model ViT-B-16.pt --dataset oxford_pets --data data \\\n"
    "      --set coop.position=middle --output prompt.safetensors"};

options::options_description describe() {
  options::options_description described("options", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("output", text("FILE")->required(), "where to write the prompt");
  add("method", text("M"), "another method with the same tensors, such as kgcoop; default: coop or cocoop");
  add("set", options::value<std::vector<std::string>>()->value_name("M.O=V")->composing(),
      "what the tensors do not tell, such as coop.position=middle; may be repeated");
  add("dataset", text("D"), "the dataset that it was trained on: one of the suite, or a folder of your own");
  add("classes", text("C"), "its classes that it was trained on, base or all; default: as many as it has");
  add("plugins", text("FOLDER"), "one more folder of plugins");
  described.add(describe_model_options())
      .add(describe_data_options(
          "the classes that it was trained on, one a line or a JSON list; or a JSON object "
          "of class names by dataset"));
  return described;
}

/// What a prompt was trained on, as far as it is known.
struct TrainedOn {
  std::optional<DatasetSpec> dataset;
  std::string split_hash, classes;
  ClassNames class_names;
};

/// How many classes the checkpoint tells; 0 where it does not.
size_t count_classes(const ReferenceCheckpoint& checkpoint) {
  if (checkpoint.suffix.defined()) return static_cast<size_t>(checkpoint.suffix.size(0));
  return checkpoint.context().dim() == 3 ? static_cast<size_t>(checkpoint.context().size(0)) : 0;
}

/// Base or all: as the user says, or else the one that has as many classes as the checkpoint.
ClassSet trained_set(const Split& split, const options::variables_map& values,
                     const ReferenceCheckpoint& checkpoint) {
  if (values.count("classes") > 0) {
    return one_of<ClassSet>("--classes", values["classes"].as<std::string>(),
                            {{"base", ClassSet::base}, {"all", ClassSet::all}});
  }
  const size_t classes = count_classes(checkpoint);
  if (classes == 0)
    throw Error(
        fmt::format("{}: does not tell its classes; give --classes base or all", checkpoint.origin.file));
  return classes == class_names_of(split, ClassSet::base).size() ? ClassSet::base : ClassSet::all;
}

TrainedOn trained_on(const options::variables_map& values, const std::optional<ClassNames>& class_list,
                     const ReferenceCheckpoint& checkpoint, const DataSpec& spec, const ClipModel& model) {
  TrainedOn known;
  if (values.count("dataset") > 0) {
    const ChosenDatasets chosen(spec);
    if (chosen.list().size() != 1) throw Error(fmt::format("--dataset {}: give one dataset", spec.datasets));
    known.dataset = chosen.list().front();
    const Split split = chosen.read_split(*known.dataset);
    const ClassSet set = trained_set(split, values, checkpoint);
    known.split_hash = split.hash();
    known.classes = to_string(set);
    known.class_names = class_names_of(split, set);
  } else {
    known.class_names = class_list ? *class_list : class_names_in(checkpoint, model);
  }
  if (known.class_names.empty()) {
    throw Error(fmt::format("{}: does not tell its classes; give --dataset and --classes, or --class-names",
                            checkpoint.origin.file));
  }
  check_classes(checkpoint, known.class_names, model);
  return known;
}

/// The method's options: the context's shape tells some, the user may give others.
Options options_of(const Method& method, const ReferenceCheckpoint& checkpoint,
                   const std::vector<std::string>& texts, const MethodRegistry& registry) {
  const auto assignments = parse_assignments(texts, {method.name()}, registry);
  for (const Assignment& assignment : assignments) {
    if (assignment.option == "n_ctx" || assignment.option == "csc" || assignment.option == "ctx_init") {
      throw Error(fmt::format("--set {}.{}: the checkpoint tells it; leave it out", method.name(),
                              assignment.option));
    }
  }
  Options options = single_options(method, assignments);
  options.set("n_ctx", OptionValue(checkpoint.context().size(-2)));
  if (checkpoint.context().dim() == 3) options.set("csc", OptionValue(true));
  return options;
}

TrainedPrompt make_prompt(const ReferenceCheckpoint& checkpoint, const Method& method, const Options& options,
                          const TrainedOn& known, const ClipModel& model) {
  TrainedPrompt prompt{{}, known.class_names, checkpoint.state, checkpoint.origin};
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
  return prompt;
}

TrainedPrompt import(const ReferenceCheckpoint& checkpoint, const options::variables_map& values,
                     const std::optional<ClassNames>& class_list, const DataSpec& spec,
                     const ClipModel& model, const MethodRegistry& registry) {
  const auto given = [&](const char* option) { return values.count(option) > 0; };
  if (checkpoint.exported) {
    for (const char* option : {"method", "set", "dataset", "classes", "class-names"}) {
      if (given(option))
        throw Error(fmt::format("--{}: {} was exported by promptbed, and tells all that; leave it out",
                                option, checkpoint.origin.file));
    }
    return *checkpoint.exported;
  }
  const Method& method =
      registry.at(given("method") ? values["method"].as<std::string>() : checkpoint.method());
  const auto texts = given("set") ? values["set"].as<std::vector<std::string>>() : std::vector<std::string>();
  const Options options = options_of(method, checkpoint, texts, registry);
  return make_prompt(checkpoint, method, options, trained_on(values, class_list, checkpoint, spec, model),
                     model);
}

/// Tells what the user might take for granted.
void print_notes(const ReferenceCheckpoint& checkpoint, const TrainedPrompt& prompt) {
  if (checkpoint.prefix.defined() || checkpoint.suffix.defined())
    fmt::print(stderr,
               "note: token_prefix and token_suffix are made anew of the class names, and not kept\n");
  const auto position = prompt.run.options.find("position");
  if (!checkpoint.exported && position != prompt.run.options.end())
    fmt::print(stderr,
               "note: checkpoints do not tell where the class name stands; it is taken for {}.position={}\n",
               prompt.run.method, std::get<std::string>(position->second));
}

}  // namespace

int import_prompt(const Arguments& arguments) {
  const auto values = parse_arguments(arguments, describe(), kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  const fs::path path = only_word(*values, "prompts import", "a checkpoint");
  const fs::path output = (*values)["output"].as<std::string>();
  InputSpec spec;
  read_model_options(spec, *values);
  read_data_options(spec, *values);
  std::optional<ClassNames> class_list;
  if (!spec.class_names.empty()) class_list = read_class_list(spec.class_names);
  const bool of_dataset = values->count("dataset") > 0;
  if (class_list && of_dataset) throw Error("--class-names names all classes; leave out --dataset");
  if (values->count("class-names") > 0 && !class_list && !of_dataset)
    throw Error("--class-names with names by dataset needs --dataset; or give a list of names");
  if (!of_dataset) spec.class_names.clear();
  if (of_dataset) spec.datasets = (*values)["dataset"].as<std::string>();

  const ReferenceCheckpoint checkpoint = read_reference_checkpoint(path);
  const MethodRegistry registry = load_plugins(*values);
  const ClipModel model = load_model(*values);
  check_model(checkpoint, model);
  const TrainedPrompt prompt = import(checkpoint, *values, class_list, spec, model, registry);
  // A learner that takes the state shows that all fits.
  restore_learner(prompt, model_task(model, spec.placement), prompt.class_names, registry);
  write_trained_prompt(output, prompt);
  print_notes(checkpoint, prompt);
  fmt::print("{}: {}, {} classes\n", output.string(), title_of(prompt), prompt.class_names.size());
  return kAllDone;
}

}  // namespace promptbed
