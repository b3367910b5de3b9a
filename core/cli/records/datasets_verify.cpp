#include <fmt/format.h>
#include <promptbed/error.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/records/datasets_commands.h"
#include "data/suites/verification.h"

namespace promptbed {
namespace {

/// The most findings of a dataset in the text report; the JSON has all.
constexpr size_t kMostLines = 50;

struct Verified {
  DatasetSpec dataset;
  std::string fault;  ///< why it could not be verified, or ""
  Verification verification;

  bool good() const { return fault.empty() && verification.findings.empty(); }
};

Verified verify(const DatasetSpec& dataset, const ChosenDatasets& chosen, const VerifySettings& settings) {
  Verified verified{dataset, "", {}};
  try {
    const Split split = chosen.read_split(dataset);
    print_notes(split);
    const ImageFiles images = chosen.images(dataset);
    if (!images.exist()) {
      throw Error(fmt::format("{}: no such folder; give the folder of the datasets with --data",
                              images.place().string()));
    }
    verified.verification = verify_dataset(dataset, split, images, settings, std::cerr);
  } catch (const Error& fault) {
    verified.fault = fault.what();
  }
  return verified;
}

void print_text(const Verified& verified) {
  if (!verified.fault.empty()) {
    fmt::print("{}: {}\n", verified.dataset.id, printable(verified.fault));
    return;
  }
  const Verification& found = verified.verification;
  fmt::print("{}: {} classes, {} training, {} validation, {} test images: {}\n", verified.dataset.id,
             found.classes, found.train, found.val, found.test,
             verified.good() ? "all in order" : fmt::format("{} findings", found.findings.size()));
  for (size_t i = 0; i < std::min(found.findings.size(), kMostLines); ++i)
    fmt::print("  {}: {}\n", to_string(found.findings[i].kind), printable(found.findings[i].text));
  if (found.findings.size() > kMostLines)
    fmt::print("  and {} more; --format json has all\n", found.findings.size() - kMostLines);
}

nlohmann::ordered_json json_of(const Verified& verified) {
  const Verification& found = verified.verification;
  nlohmann::ordered_json json = {{"dataset", verified.dataset.id}, {"good", verified.good()}};
  if (!verified.fault.empty()) {
    json["fault"] = verified.fault;
    return json;
  }
  json["classes"] = found.classes;
  json["train"] = found.train;
  json["val"] = found.val;
  json["test"] = found.test;
  json["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : found.findings)
    json["findings"].push_back({{"kind", to_string(finding.kind)}, {"text", finding.text}});
  return json;
}

/// Those named, or those of the suite whose folders are there.
std::vector<DatasetSpec> datasets_to_verify(const ChosenDatasets& chosen, bool named) {
  std::vector<DatasetSpec> datasets = chosen.list();
  if (named) return datasets;
  std::erase_if(datasets, [&](const DatasetSpec& dataset) {
    const auto folder = chosen.data() / dataset.folder;
    if (std::filesystem::is_directory(folder)) return false;
    fmt::print(stderr, "note: {}: not there: {}\n", dataset.id, folder.string());
    return true;
  });
  if (datasets.empty())
    throw Error(fmt::format("{}: holds no dataset of suite {}; give their folder with --data",
                            chosen.data().string(), chosen.suite().id));
  return datasets;
}

}  // namespace

int verify_datasets(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner datasets verify [NAME...] [OPTIONS]",
       .explanation =
           "Reads every image of datasets of the suite or of your own, and reports what is wrong:\n"
           "counts that differ from the published ones; images that are missing, unreadable or\n"
           "duplicated; test images that are also training images. Without a name it takes those\n"
           "of the suite that are there. Exit code 1 if it finds anything.\n\n"
           "  runner datasets verify --data data\n"
           "  runner datasets verify dtd ./birds --data data --format json > report.json",
       .options = {{"options",
                    {{"quick", "", "only check that images exist, without reading them", ValueKind::flag},
                     text_or_json(),
                     shared("threads", " that read images; default: one per core")}},
                   data_options()},
       .takes_arguments = true});
  if (!values) return kAllDone;
  const bool as_json = values->one_of("format", kTextJson) == OutputFormat::json;
  const VerifySettings settings{values->positive("threads", count_cores(), kMostThreads),
                                !values->flag("quick")};

  const ChosenDatasets chosen = named_datasets(*values);
  bool all_good = true;
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  for (const DatasetSpec& dataset : datasets_to_verify(chosen, !values->arguments().empty())) {
    const Verified verified = verify(dataset, chosen, settings);
    all_good = all_good && verified.good();
    if (as_json) {
      report.push_back(json_of(verified));
    } else {
      print_text(verified);
    }
  }
  if (as_json) fmt::print("{}", json_text(report));
  return all_good ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
