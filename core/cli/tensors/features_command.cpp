#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "base/installation.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/tensors/features_commands.h"
#include "cli/tensors/input_options.h"
#include "clip/model.h"
#include "features/cache_folder.h"
#include "sweep/features.h"
#include "sweep/inputs.h"
#include "table/render.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

const Subcommands kFeatures = {
    "features", "runner features build|list|verify|prune|seal|export [OPTIONS]",
    "Image features: the frozen half of every run.\n\n"
    "  build   extracts everything that sweeps over the datasets may need\n"
    "  list    lists the caches, and the sealed features embedded in suites\n"
    "  verify  reads all of them and compares their checksums\n"
    "  prune   deletes caches that no sweep can use any more\n"
    "  seal    writes complete caches to files that can be distributed without images\n"
    "  export  writes features, labels and paths to NumPy's .npz files"};

int build(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner features build --data FOLDER [OPTIONS]",
       .explanation = "Extracts features of all images of the datasets: training images in the centre crop\n"
                      "and in all views, the others in the centre crop. Features that are in the cache\n"
                      "already stay. A sweep extracts what it needs by itself; this does all of it\n"
                      "beforehand.\n\n"
                      "  runner features build --datasets dtd,eurosat --model models/ViT-B-16 --data data",
       .options = {{"options", {shared("threads", " that process images; default: one per core")}},
                   {"inputs", {shared_or("datasets", "all"), shared("views"), shared("crops")}},
                   model_options(),
                   data_options()}});
  if (!values) return kAllDone;
  InputSpec spec;
  read_input_options(spec, *values);
  const int64_t threads = values->positive("threads", count_cores(), kMostThreads);
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
      fmt::print(stderr, "failed: {}: {}\n", dataset.id, printable(fault.what()));
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
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner features list [OPTIONS]",
             .explanation = "Lists the feature files in the cache, and the sealed ones embedded in suites.",
             .options = {{"options", {shared("cache")}}}});
  if (!values) return kAllDone;
  Table table;
  table.title = "Image features";
  table.columns = {{"Dataset", Alignment::left},
                   {"Model", Alignment::left},
                   {"Precision"},
                   {"Crops"},
                   {"Features"},
                   {"Size"},
                   {"Kind", Alignment::left},
                   {"File", Alignment::left}};
  for (const CacheSummary& cache : list_all(values->text("cache"))) {
    if (!cache.fault.empty()) {
      table.notes.push_back(cache.fault);
      continue;
    }
    table.rows.push_back({cache.key.dataset, cache.key.model.substr(0, 16),
                          std::string(to_string(cache.key.precision)), to_string(cache.key.crops),
                          std::to_string(cache.rows), megabytes(cache.bytes),
                          cache.sealed ? "sealed" : "cache", cache.path.string()});
  }
  fmt::print("{}", render_text(table, {.width = 160}));
  return kAllDone;
}

int verify(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner features verify [OPTIONS]",
       .explanation = "Reads all feature files in the cache, and the sealed ones embedded in suites, and\n"
                      "compares their checksums. Exit code 1 if one is damaged.",
       .options = {{"options", {shared("cache")}}}});
  if (!values) return kAllDone;
  const std::vector<CacheSummary> caches = list_all(values->text("cache"));
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
  for (const std::string& fault : faults) fmt::print(stderr, "failed: {}\n", printable(fault));
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
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner features prune [OPTIONS]",
       .explanation = "Deletes cache files that no sweep can use: damaged ones, and those of an earlier\n"
                      "format or view recipe; with --model, those of all other models as well.",
       .options = {
           {"options",
            {shared("cache"), typed(shared("model", "; keep only its features")), shared("dry-run")}}}});
  if (!values) return kAllDone;
  std::optional<ClipModel> model;
  if (values->given("model")) model = ClipModel::load(values->text("model"));
  const bool dry_run = values->flag("dry-run");

  int64_t files = 0;
  uintmax_t bytes = 0;
  for (const CacheSummary& cache : list_caches(values->text("cache"))) {
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
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner features seal --output FOLDER [OPTIONS]",
             .explanation =
                 "Writes features that runner features build has extracted to one sealed file per\n"
                 "dataset in FOLDER: all training images in the centre crop and in all views, the others\n"
                 "in the centre crop. A suite embeds them by its suite.json.\n\n"
                 "  runner features seal --suite pocket --data IMAGES --output datasets/pocket/features",
             .options = {{"options", {required({"output", "FOLDER", "write the sealed files there"})}},
                         {"inputs", {shared_or("datasets", "all"), shared("views"), shared("crops")}},
                         model_options(),
                         data_options()}});
  if (!values) return kAllDone;
  InputSpec spec;
  read_input_options(spec, *values);
  const fs::path output = values->text("output");
  const fs::path folder = spec.cache;
  const int64_t views = spec.views;

  const Inputs inputs(std::move(spec));
  for (const DatasetSpec& dataset : inputs.datasets()) {
    const CacheKey key = inputs.key_of(dataset);
    const fs::path sealed = sealed_path(output, key);
    seal_features({cache_path(folder, key), key}, requests_of(inputs.read_split(dataset), views),
                  &inputs.contents(dataset), sealed);
    fmt::print("{}: {}\n", sealed.string(), megabytes(fs::file_size(sealed)));
  }
  return kAllDone;
}

}  // namespace

int features_command(const Arguments& arguments) {
  return run_subcommand(kFeatures, arguments,
                        {{"build", build},
                         {"list", list},
                         {"verify", verify},
                         {"prune", prune},
                         {"seal", seal},
                         {"export", export_features}});
}

}  // namespace promptbed
