#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "base/installation.h"
#include "base/progress.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/tensors/input_options.h"
#include "clip/model.h"
#include "features/cache_folder.h"
#include "features/seal.h"
#include "sweep/features.h"
#include "sweep/inputs.h"
#include "table/render.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const Usage kUsage = {"runner features build|list|verify|prune|seal [OPTIONS]",
                      "Image features, the frozen half of every run.\n\n"
                      "  build   extracts all that sweeps over the datasets may ask for\n"
                      "  list    shows the caches, and the sealed features that suites have embedded\n"
                      "  verify  reads them all and compares their checksums\n"
                      "  prune   deletes caches that are of no use any more\n"
                      "  seal    makes files of complete caches that can be passed on without pictures\n\n"
                      "runner features WORD --help tells a word's options."};

const Usage kBuildUsage = {
    "runner features build --data FOLDER [OPTIONS]",
    "Extracts features of all images of the datasets: training images in the centre crop and in all\n"
    "views, the others in the centre crop. What is in the cache already is left alone. A sweep extracts\n"
    "what it needs by itself; this does all of it beforehand.\n\n"
    "  runner features build --datasets dtd,eurosat --model models/ViT-B-16 --data data"};

const Usage kListUsage = {
    "runner features list [OPTIONS]",
    "Shows the feature files in the cache, and the sealed ones that suites have embedded."};

const Usage kVerifyUsage = {
    "runner features verify [OPTIONS]",
    "Reads all feature files in the cache, and the sealed ones that suites have embedded, and compares\n"
    "their checksums. Exit code 1 where one is no good."};

const Usage kPruneUsage = {
    "runner features prune [OPTIONS]",
    "Deletes cache files that no sweep can use: damaged ones, and those of an earlier format or view\n"
    "recipe. With --model also those of all other models. --dry-run shows what would go."};

const Usage kSealUsage = {
    "runner features seal --output FOLDER [OPTIONS]",
    "Writes features that runner features build has extracted into FOLDER, one sealed file a dataset: all\n"
    "training images in the centre crop and in all views, the others in the centre crop. A suite embeds\n"
    "them by its suite.json.\n\n"
    "  runner features seal --suite pocket --data PICTURES --output datasets/pocket/features"};

void add_cache_option(options::options_description& described) {
  described.add_options()("cache",
                          options::value<std::string>()->value_name("FOLDER")->default_value("runs/cache"),
                          "image features");
}

int build(const Arguments& arguments) {
  InputSpec spec;
  options::options_description described("options", 110, 60);
  described.add_options()("threads", options::value<int64_t>()->value_name("N"),
                          "pictures in work at the same time; default: one a core");
  described.add(describe_input_options(spec));
  const auto values = parse_arguments(arguments, described, kBuildUsage);
  if (!values) return kAllDone;
  read_input_options(spec, *values);
  const int64_t threads = positive(*values, "threads", count_cores(), kMostThreads);
  const int64_t views = spec.views;

  Inputs inputs(std::move(spec));
  bool all_done = true;
  for (const DatasetSpec& dataset : inputs.datasets()) {
    const Split split = inputs.read_split(dataset);
    print_notes(split);
    const auto requests = requests_of(split, views);
    try {
      const ExtractionReport report = inputs.extract(dataset, requests, threads, std::cerr);
      fmt::print("{}: {} features extracted, {} there before\n", dataset.id, report.rows_written,
                 report.rows_present);
    } catch (const PictureError& fault) {
      fmt::print(stderr, "failed: {}: {}\n", dataset.id, fault.what());
      all_done = false;
    }
  }
  return all_done ? kAllDone : kSomeFailed;
}

/// The caches, then the sealed files of the suites; suites may share theirs.
std::vector<CacheSummary> list_all(const fs::path& cache) {
  std::vector<fs::path> folders = {cache};
  for (const Suite& suite : read_suites(datasets_folder())) {
    if (!suite.features.empty() && std::ranges::find(folders, suite.features) == folders.end())
      folders.push_back(suite.features);
  }
  std::vector<CacheSummary> all;
  for (const fs::path& folder : folders) std::ranges::move(list_caches(folder), std::back_inserter(all));
  return all;
}

std::string megabytes(uintmax_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

int list(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  add_cache_option(described);
  const auto values = parse_arguments(arguments, described, kListUsage);
  if (!values) return kAllDone;
  Table table;
  table.title = "Image features";
  table.columns = {
      {"Dataset", Alignment::left}, {"Model", Alignment::left}, {"Precision"}, {"Features"}, {"Size"},
      {"Kind", Alignment::left},    {"File", Alignment::left}};
  for (const CacheSummary& cache : list_all((*values)["cache"].as<std::string>())) {
    if (!cache.fault.empty()) {
      table.notes.push_back(cache.fault);
      continue;
    }
    table.rows.push_back({cache.key.dataset, cache.key.model.substr(0, 16),
                          std::string(to_string(cache.key.precision)), std::to_string(cache.rows),
                          megabytes(cache.bytes), cache.sealed ? "sealed" : "cache", cache.path.string()});
  }
  fmt::print("{}", render_text(table, {.width = 160}));
  return kAllDone;
}

int verify(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  add_cache_option(described);
  const auto values = parse_arguments(arguments, described, kVerifyUsage);
  if (!values) return kAllDone;
  const std::vector<CacheSummary> caches = list_all((*values)["cache"].as<std::string>());
  std::vector<std::string> faults;
  {
    Progress progress("verifying", static_cast<int64_t>(caches.size()), std::cerr, is_terminal(std::cerr));
    for (const CacheSummary& cache : caches) {
      try {
        verify_cache(cache.path);
      } catch (const Error& fault) {
        faults.emplace_back(fault.what());
      }
      progress.advance();
    }
  }
  for (const std::string& fault : faults) fmt::print(stderr, "failed: {}\n", fault);
  fmt::print("{} files: {} good, {} failed\n", caches.size(), caches.size() - faults.size(), faults.size());
  return faults.empty() ? kAllDone : kSomeFailed;
}

/// Why no sweep (with this model, if one is given) can use a cache; "" where one can. Files that the cache
/// did not make, and sealed ones, are never pruned.
std::string reason_to_prune(const CacheSummary& cache, const std::optional<ClipModel>& model) {
  if (!cache.in_place || cache.sealed) return "";
  if (!cache.fault.empty()) return cache.fault;
  CacheKey wanted = cache.key;
  wanted.view_recipe = kViewRecipeVersion;
  if (model) {
    wanted.model = model->fingerprint();
    wanted.preprocessing = model->preprocessing();
    wanted.width = model->embedding_width();
  }
  const std::string other = difference(cache.key, wanted);
  return other.empty() ? "" : fmt::format("{}: of {}", cache.path.string(), other);
}

int prune(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  add_cache_option(described);
  auto add = described.add_options();
  add("model", options::value<std::string>()->value_name("PATH"), "keep this model's features alone");
  add("dry-run", options::bool_switch(), "show what would be deleted, and delete nothing");
  const auto values = parse_arguments(arguments, described, kPruneUsage);
  if (!values) return kAllDone;
  std::optional<ClipModel> model;
  if (values->count("model") > 0) model = ClipModel::load((*values)["model"].as<std::string>());
  const bool dry_run = (*values)["dry-run"].as<bool>();

  int64_t files = 0;
  uintmax_t bytes = 0;
  for (const CacheSummary& cache : list_caches((*values)["cache"].as<std::string>())) {
    const std::string reason = reason_to_prune(cache, model);
    if (reason.empty()) continue;
    ++files;
    bytes += cache.bytes;
    fmt::print("{}\n", reason);
    if (!dry_run) remove_cache(cache.path, std::cerr);
  }
  fmt::print("{} files, {}: {}\n", files, megabytes(bytes), dry_run ? "would be deleted" : "deleted");
  return kAllDone;
}

int seal(const Arguments& arguments) {
  InputSpec spec;
  options::options_description described("options", 110, 60);
  described.add_options()("output", options::value<std::string>()->value_name("FOLDER")->required(),
                          "where the sealed files go");
  described.add(describe_input_options(spec));
  const auto values = parse_arguments(arguments, described, kSealUsage);
  if (!values) return kAllDone;
  read_input_options(spec, *values);
  const fs::path output = (*values)["output"].as<std::string>();
  const fs::path folder = spec.cache;
  const int64_t views = spec.views;

  const Inputs inputs(std::move(spec));
  for (const DatasetSpec& dataset : inputs.datasets()) {
    const CacheKey key = inputs.key_of(dataset);
    const fs::path sealed = sealed_path(output, key);
    seal_features({cache_path(folder, key), key}, requests_of(inputs.read_split(dataset), views),
                  inputs.image_folder(dataset), sealed);
    fmt::print("{}: {}\n", sealed.string(), megabytes(fs::file_size(sealed)));
  }
  return kAllDone;
}

}  // namespace

int features_command(const Arguments& arguments) {
  return run_word("features", arguments, kUsage,
                  {{"build", build}, {"list", list}, {"verify", verify}, {"prune", prune}, {"seal", seal}});
}

}  // namespace promptbed
