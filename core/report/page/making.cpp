#include "report/page/making.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/page/sweep_commands.h"
#include "report/select/series.h"
#include "report/select/spec_text.h"
#include "table/table.h"

namespace promptbed {
namespace {

using Texts = std::set<std::string>;

/// "a, b" of those that are not empty.
std::string with_commas(const Texts& texts) {
  Texts named = texts;
  named.erase("");
  return fmt::format("{}", fmt::join(named, ", "));
}

/// Appends a fact unless its value is empty.
void add(std::vector<Fact>& facts, const char* name, std::string value) {
  if (!value.empty()) facts.emplace_back(name, std::move(value));
}

/// "ViT-S/16 pocket-clip (fingerprint 83a00b...)" of the models that the runs were made with.
std::string models_of(const Snapshot& snapshot, const RunSelection& selection) {
  Texts fingerprints, models;
  for (const RunResults& run : selection.runs) fingerprints.insert(run.spec().model);
  for (const std::string& fingerprint : fingerprints) {
    const ModelRecord* model = snapshot.model(fingerprint);
    models.insert(model == nullptr
                      ? "fingerprint " + fingerprint
                      : fmt::format("{}, {}, fingerprint {}", model->name, model->architecture, fingerprint));
  }
  return with_commas(models);
}

/// "ViT-B/16" or, of several, "ViT-B/16, RN50".
std::string architectures_of(const Snapshot& snapshot, const RunSelection& selection) {
  Texts architectures;
  for (const RunResults& run : selection.runs) {
    const ModelRecord* model = snapshot.model(run.spec().model);
    architectures.insert(model == nullptr ? "fingerprint " + run.spec().model : model->architecture);
  }
  return with_commas(architectures);
}

/// "2026-11-25" or "2026-11-25 to 2026-11-28"
std::string days_of(const RunSelection& selection) {
  Texts days;
  for (const RunResults& run : selection.runs) days.insert(run.record.ended.substr(0, 10));
  return *days.begin() == *days.rbegin() ? *days.begin() : *days.begin() + " to " + *days.rbegin();
}

std::string hosts_of(const Snapshot& snapshot, const RunSelection& selection) {
  Texts hosts;
  for (const RunResults& run : selection.runs) hosts.insert(snapshot.execution(run.record.id).host);
  return with_commas(hosts);
}

/// "2026-11-25T01:03:44.123Z" -> "2026-11-25 01:03 UTC"
std::string minute_of(const std::string& time) {
  return time.size() < 16 ? time : time.substr(0, 10) + " " + time.substr(11, 5) + " UTC";
}

std::string period_of(const RunSelection& selection) {
  Texts begun, ended;
  for (const RunResults& run : selection.runs) {
    begun.insert(run.record.created);
    ended.insert(run.record.ended);
  }
  return fmt::format("{} to {}", minute_of(*begun.begin()), minute_of(*ended.rbegin()));
}

/// "3 h 12 min" or "41 s"
std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min", (whole + 30) / 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

/// What the executions of many runs have in common, and their sums.
struct Executions {
  Texts code, torch, blas, processors, threads;
  std::map<std::string, double> seconds;
  int64_t peak_memory = 0;

  void take(const Execution& one) {
    code.insert(one.code_version + (one.dirty ? " (with changes)" : ""));
    torch.insert(one.torch_version);
    blas.insert(one.blas);
    processors.insert(one.processor);
    threads.insert(std::to_string(one.threads));
    for (const auto& [phase, spent] : one.seconds) seconds[phase] += spent;
    peak_memory = std::max(peak_memory, one.peak_memory);
  }

  std::string time() const {
    std::vector<std::string> phases;
    for (const auto& [phase, spent] : seconds) phases.push_back(fmt::format("{} {}", phase, duration(spent)));
    return fmt::format("{}", fmt::join(phases, ", "));
  }
};

std::vector<Fact> common_facts(const Snapshot& snapshot, const RunSelection& selection) {
  Executions executions;
  Texts datasets, precisions, templates;
  for (const RunResults& run : selection.runs) {
    executions.take(snapshot.execution(run.record.id));
    datasets.insert(run.spec().dataset);
    precisions.insert(run.spec().precision);
    templates.insert(run.spec().prompt_template);
  }
  std::vector<Fact> facts;
  add(facts, "Model", models_of(snapshot, selection));
  add(facts, "Datasets", with_commas(datasets));
  add(facts, "Templates", with_commas(templates));
  add(facts, "Runs", plural(selection.runs.size(), "finished run"));
  add(facts, "Made", period_of(selection));
  add(facts, "Time", executions.time());
  add(facts, "Peak memory", fmt::format("{} MB", grouped(executions.peak_memory / 1'000'000)));
  add(facts, "Host", hosts_of(snapshot, selection));
  add(facts, "Processor", with_commas(executions.processors));
  add(facts, "Threads a run", with_commas(executions.threads));
  add(facts, "Precision", with_commas(precisions));
  add(facts, "promptbed", with_commas(executions.code));
  add(facts, "LibTorch", with_commas(executions.torch));
  add(facts, "BLAS", with_commas(executions.blas));
  return facts;
}

/// What runs have in common, or on which datasets they differ: "a" or "a (on x); b (on y, z)".
class ByDataset {
 public:
  void take(const std::string& text, const std::string& dataset) { datasets_[text].insert(dataset); }

  std::string words() const {
    if (datasets_.size() == 1) return datasets_.begin()->first;
    std::vector<std::string> parts;
    for (const auto& [text, datasets] : datasets_)
      parts.push_back(fmt::format("{} (on {})", text, fmt::join(datasets, ", ")));
    return fmt::format("{}", fmt::join(parts, "; "));
  }

 private:
  std::map<std::string, Texts> datasets_;
};

std::string parameters_of(const RunRecord& record) {
  if (!record.parameters) return "";
  const auto& [all, without_biases] = *record.parameters;
  return all == without_biases ? grouped(all)
                               : fmt::format("{} ({} without biases)", grouped(all), grouped(without_biases));
}

VariantMaking variant_of(const Series& series) {
  ByDataset options, recipes, views;
  Texts versions, plugins, parameters;
  std::set<int64_t> shots, seeds;
  for (const RunResults* run : series.runs) {
    const RunSpec& spec = run->spec();
    options.take(text_of(spec.options), spec.dataset);
    versions.insert(version_text(spec));
    plugins.insert(run->record.plugin_hash.substr(0, 12));
    parameters.insert(parameters_of(run->record));
    if (run->has_seed()) seeds.insert(spec.seed);
    if (!run->is_trained()) continue;
    recipes.take(spec.recipe ? text_of(spec.recipe) : "its own solver", spec.dataset);
    views.take(views_text(spec), spec.dataset);
    shots.insert(spec.shots);
  }
  VariantMaking making{.label = series.label(), .facts = {}};
  add(making.facts, "Options", options.words());
  add(making.facts, "Training", shots.empty() ? "none" : recipes.words());
  if (!shots.empty()) {
    add(making.facts, "Of each image", views.words());
    add(making.facts, "Shots", fmt::format("{}", fmt::join(shots, ", ")));
  }
  if (!seeds.empty()) add(making.facts, "Seeds", fmt::format("{}", fmt::join(seeds, ", ")));
  add(making.facts, "Learned parameters", with_commas(parameters));
  add(making.facts, "Runs", std::to_string(series.runs.size()));
  add(making.facts, "Method",
      fmt::format("version {}, plugin {}", with_commas(versions), with_commas(plugins)));
  return making;
}

}  // namespace

std::vector<Fact> origin_of(const Snapshot& snapshot, const RunSelection& selection) {
  std::vector<Fact> facts;
  add(facts, "Model", architectures_of(snapshot, selection));
  add(facts, "Made", days_of(selection));
  add(facts, "Host", hosts_of(snapshot, selection));
  add(facts, "Ledger", snapshot.path().filename().string());
  return facts;
}

Making making_of(const Snapshot& snapshot, const RunSelection& selection, const ReportQuery& query,
                 const std::vector<Suite>& suites) {
  Making making{.facts = common_facts(snapshot, selection),
                .variants = {},
                .commands = sweep_commands(selection, suites)};
  for (const Series& series : series_of(selection, query)) {
    if (!series.runs.empty()) making.variants.push_back(variant_of(series));
  }
  return making;
}

}  // namespace promptbed
