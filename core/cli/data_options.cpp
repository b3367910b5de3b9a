#include "cli/data_options.h"

#include "base/installation.h"
#include "base/text.h"

namespace promptbed {

void read_data_options(DataSpec& spec, const Values& values) {
  spec.suite = chosen_suite(values);
  spec.suites = datasets_folder();
  spec.cache = values.text("cache");
  spec.data = values.text("data");
  spec.templates = values.text("templates");
  spec.class_names = values.text("class-names");
}

std::string chosen_suite(const Values& values) {
  if (values.given("suite")) return values.text("suite");
  return values.given("data") ? "paper" : "pocket";
}

DrawChanges read_draw_changes(const Values& values) {
  DrawChanges changes;
  if (values.given("label-noise"))
    changes.noise = parse_label_noise(values.text("label-noise"), "--label-noise");
  if (values.given("imbalance")) {
    changes.imbalance = *values.real("imbalance");
    check_imbalance(changes.imbalance, "--imbalance");
  }
  return changes;
}

bool validates_on_training(const Values& values) {
  return values.one_of<bool>("imagenet-val", {{"none", false}, {"train", true}});
}

const DatasetSpec& only_dataset(const ChosenDatasets& chosen) {
  if (chosen.list().size() != 1)
    throw Error(fmt::format("{} datasets are named where one is needed; give one", chosen.list().size()));
  return chosen.list().front();
}

ClassSet class_set_of(const Values& values) {
  return values.one_of<ClassSet>("class-set",
                                 {{"base", ClassSet::base}, {"new", ClassSet::new_}, {"all", ClassSet::all}});
}

void print_notes(const Split& split) {
  for (const std::string& note : split.notes) fmt::print(stderr, "note: {}\n", printable(note));
}

}  // namespace promptbed
