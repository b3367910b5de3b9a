#include "report/exports/exports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/utc.h"
#include "formats/event_file.h"
#include "report/exports/history.h"
#include "report/grid/accuracy.h"
#include "report/select/variants.h"
#include "table/render.h"
#include "table/table.h"

namespace promptbed {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

/// An object for each epoch, with what was measured in it.
Json epochs_of(const std::vector<HistoryFact>& facts) {
  std::map<int64_t, Json> epochs;
  for (const HistoryFact& fact : facts) {
    if (!fact.epoch) continue;
    Json& epoch = epochs.try_emplace(*fact.epoch, Json{{"epoch", *fact.epoch}}).first->second;
    epoch[fact.metric] = number(fact.value);
  }
  Json list = Json::array();
  for (auto& [place, epoch] : epochs) list.push_back(std::move(epoch));
  return list;
}

Json scores_of(const std::vector<HistoryFact>& facts) {
  Json scores = Json::object();
  for (const HistoryFact& fact : facts) {
    if (!fact.epoch) scores[fact.metric] = number(fact.value);
  }
  return scores;
}

Json names_of(const std::vector<Protocol>& protocols) {
  Json names = Json::array();
  for (const Protocol protocol : protocols) names.push_back(to_string(protocol));
  return names;
}

/// For each run, what tells it from others here of its method on such classes with as many shots, whose
/// protocols have settings of their own; "" if nothing does.
std::vector<std::string> variants_of(const Runs& runs) {
  std::map<std::tuple<std::string_view, std::string_view, int64_t>, std::vector<size_t>> places;
  for (size_t i = 0; i < runs.size(); ++i)
    places[{runs[i]->spec().method, runs[i]->spec().classes, runs[i]->spec().shots}].push_back(i);
  std::vector<std::string> variants(runs.size());
  for (const auto& [kind, own] : places) {
    std::vector<const RunSpec*> specs;
    for (const size_t place : own) specs.push_back(&runs[place]->spec());
    std::vector<std::string> labels = variant_labels(specs);
    for (size_t i = 0; i < own.size(); ++i) variants[own[i]] = std::move(labels[i]);
  }
  return variants;
}

Json document_of(const Snapshot& snapshot, const RunResults& run, const std::string& variant) {
  const RunSpec& spec = run.spec();
  const auto if_trained = [&](const auto& value) { return run.is_trained() ? Json(value) : Json(); };
  const std::vector<HistoryFact> facts = history_of(snapshot, run);
  return {{"run", run.record.id},
          {"name", name_of(run)},
          {"method", spec.method},
          {"variant", variant},
          {"dataset", spec.dataset},
          {"classes", if_trained(spec.classes)},
          {"shots", if_trained(spec.shots)},
          {"seed", run.has_seed() ? Json(spec.seed) : Json()},
          {"protocols", names_of(run.record.protocols)},
          {"parameters", run.record.parameters ? Json(run.record.parameters->all) : Json()},
          {"created", run.record.created},
          {"ended", run.record.ended},
          {"config", spec.canonical()},
          {"epochs", epochs_of(facts)},
          {"scores", scores_of(facts)}};
}

/// A text as the name of a folder, whatever a ledger may hold.
std::string folder_name(std::string text) {
  for (char& c : text) {
    const bool is_plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    if (!is_plain) c = '_';
  }
  if (text.starts_with('.')) text.front() = '_';
  return text.empty() ? "_" : text;
}

/// METHOD/DATASET/base-16shots-seed1-ID, which TensorBoard shows as the run's name.
std::filesystem::path folder_of(const RunResults& run) {
  const RunSpec& spec = run.spec();
  const std::string id = run.record.id.substr(0, 8);
  const std::string leaf = run.is_trained()
                               ? fmt::format("{}-{}shots-seed{}-{}", spec.classes, spec.shots, spec.seed, id)
                           : run.has_seed() ? fmt::format("seed{}-{}", spec.seed, id)
                                            : id;
  return std::filesystem::path(folder_name(spec.method)) / folder_name(spec.dataset) / folder_name(leaf);
}

/// 0 of a time that is not known.
double seconds_of(const std::string& time) {
  return seconds_since_1970(time).value_or(0);
}

/// Epochs follow each other from when the run was first asked for, and its tests from its end.
std::vector<ScalarEvent> events_of(const Snapshot& snapshot, const RunResults& run) {
  const double begun = seconds_of(run.record.created), ended = seconds_of(run.record.ended);
  std::map<int64_t, double> ends;  // of epochs
  double now = begun;
  for (const EpochRecord& epoch : snapshot.epochs(run.record.id))
    ends[epoch.epoch + 1] = now += epoch.seconds;
  const int64_t last = ends.empty() ? 0 : ends.rbegin()->first;
  std::vector<ScalarEvent> events;
  for (const HistoryFact& fact : history_of(snapshot, run)) {
    const int64_t step = fact.epoch.value_or(last);
    const auto end = ends.find(step);
    const double time = !fact.epoch || end == ends.end() ? ended : end->second;
    events.push_back({time, step, fact.metric, fact.value});
  }
  return events;
}

}  // namespace

std::string export_csv(const Snapshot& snapshot, const Runs& runs) {
  Table table{.title = "", .columns = {}, .rows = {}, .notes = {}};
  add_columns(
      table, {"run", "method", "variant", "dataset", "classes", "shots", "seed", "metric", "epoch", "value"});
  const std::vector<std::string> variants = variants_of(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunResults& run = *runs[i];
    const RunSpec& spec = run.spec();
    const auto if_trained = [&](int64_t value) { return run.is_trained() ? count(value) : Cell(); };
    for (const HistoryFact& fact : history_of(snapshot, run)) {
      table.rows.push_back({run.record.id, spec.method, variants[i], spec.dataset, spec.classes,
                            if_trained(spec.shots), run.has_seed() ? count(spec.seed) : Cell(), fact.metric,
                            fact.epoch ? count(*fact.epoch) : Cell(), exact(fact.value)});
    }
  }
  return render_csv(table);
}

std::string export_json_lines(const Snapshot& snapshot, const Runs& runs) {
  std::string lines;
  const std::vector<std::string> variants = variants_of(runs);
  for (size_t i = 0; i < runs.size(); ++i)
    lines += document_of(snapshot, *runs[i], variants[i]).dump() + '\n';
  return lines;
}

void export_tensorboard(const Snapshot& snapshot, const Runs& runs, const std::filesystem::path& folder) {
  for (const RunResults* run : runs) {
    // One name, so that an export replaces the one before it.
    write_file(folder / folder_of(*run) / "events.out.tfevents.promptbed",
               event_file(seconds_of(run->record.created), events_of(snapshot, *run)));
  }
}

}  // namespace promptbed
