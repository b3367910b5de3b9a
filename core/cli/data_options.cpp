#include "cli/data_options.h"

#include "base/installation.h"

namespace promptbed {

options::options_description describe_data_options(const char* class_names) {
  options::options_description described("datasets", 110, 60);
  auto add = described.add_options();
  const auto text = [](const char* name) { return options::value<std::string>()->value_name(name); };
  add("suite", text("S"), "list of datasets; default: pocket, or paper with --data");
  add("data", text("FOLDER"),
      "holds the datasets' folders of images; default: the suite's embedded splits and features");
  add("cache", text("FOLDER")->default_value("runs/cache"),
      "image features, made splits, listings of large folders");
  add("templates", text("FILE"), "JSON of your own templates by dataset (docs/datasets.md)");
  add("class-names", text("FILE"), class_names);
  return described;
}

void read_data_options(DataSpec& spec, const options::variables_map& values) {
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  spec.suite = chosen_suite(values);
  spec.suites = datasets_folder();
  spec.cache = text("cache");
  if (values.count("data") > 0) spec.data = text("data");
  if (values.count("templates") > 0) spec.templates = text("templates");
  if (values.count("class-names") > 0) spec.class_names = text("class-names");
}

std::string chosen_suite(const options::variables_map& values) {
  if (values.count("suite") > 0) return values["suite"].as<std::string>();
  return values.count("data") > 0 ? "paper" : "pocket";
}

void print_notes(const Split& split) {
  for (const std::string& note : split.notes) fmt::print(stderr, "note: {}\n", note);
}

}  // namespace promptbed
