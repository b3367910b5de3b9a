#include "report/select/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/suggestion.h"
#include "report/select/filters.h"
#include "report/select/variants.h"
#include "table/table.h"

namespace promptbed {
namespace {

constexpr int64_t kUsualShots = 16;

template <class Value>
bool takes(const std::vector<Value>& wanted, const Value& value) {
  return wanted.empty() || std::ranges::count(wanted, value) > 0;
}

/// All but the query's conditions.
bool takes(const ReportQuery& query, const RunResults& run) {
  const RunSpec& spec = run.spec();
  return takes(query.datasets, spec.dataset) && takes(query.methods, spec.method) &&
         (!run.is_trained() || takes(query.shots, spec.shots)) &&
         (!run.has_seed() || takes(query.seeds, spec.seed)) && spec.model.starts_with(query.model);
}

/// Whether a protocol asked for the run. Open-world makes all that base-new does.
bool was_asked_for(const RunResults& run, Protocol protocol) {
  const auto by = [&](Protocol other) { return std::ranges::count(run.record.protocols, other) > 0; };
  return by(protocol) || (protocol == Protocol::base_new && by(Protocol::open_world));
}

void check_conditions(const std::vector<Condition>& conditions, const Runs& runs) {
  if (runs.empty()) return;
  for (const Condition& condition : conditions) {
    std::set<std::string> known;
    for (const RunResults* run : runs) {
      if (condition.method.empty() || condition.method == run->spec().method)
        known.merge(setting_names(run->spec()));
    }
    if (known.contains(condition.setting)) continue;
    throw Error(known.empty() ? fmt::format("--where {}: has no runs of {} to choose among", condition.text(),
                                            condition.method)
                              : fmt::format("--where {}: no such setting; {}", condition.text(),
                                            remedy_for(condition.setting, {known.begin(), known.end()})));
  }
}

constexpr size_t kMostNamedMethods = 3;  // methods, so that an error can be read

/// "clip_zeroshot, coop (1, 16 shots)"; of many methods the first "and 17 more".
std::string describe(const Runs& runs) {
  std::map<std::string, std::set<int64_t>> shots;
  for (const RunResults* run : runs) {
    auto& of_method = shots[run->spec().method];
    if (run->is_trained()) of_method.insert(run->spec().shots);
  }
  std::vector<std::string> parts;
  for (const auto& [method, counts] : shots) {
    if (parts.size() == kMostNamedMethods) break;
    parts.push_back(counts.empty() ? method : fmt::format("{} ({} shots)", method, fmt::join(counts, ", ")));
  }
  return fmt::format(
      "{}{}", fmt::join(parts, ", "),
      shots.size() > parts.size() ? fmt::format(" and {} more", shots.size() - parts.size()) : "");
}

/// What the finished runs are of, for errors that say what can be shown: "base-new runs of coop (16 shots);
/// domain runs of clip_zeroshot"; "" if there are none.
std::string holdings(const Snapshot& snapshot) {
  std::vector<std::string> parts;
  for (const Protocol protocol : kProtocols) {
    const Runs runs = runs_in(snapshot, {}, protocol, RunStatus::done);
    if (!runs.empty()) parts.push_back(fmt::format("{} runs of {}", to_string(protocol), describe(runs)));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

/// "base-new run".
std::string run_of(std::optional<Protocol> protocol) {
  return protocol ? fmt::format("{} run", to_string(*protocol)) : "run";
}

[[noreturn]] void throw_nothing_to_show(const Snapshot& snapshot, std::optional<Protocol> protocol) {
  const std::string kind = run_of(protocol);
  const std::string sweep = !protocol || protocol == Protocol::base_new
                                ? "runner sweep"
                                : fmt::format("runner sweep --protocol {}", to_string(*protocol));
  const std::string others = holdings(snapshot);
  const std::string held = protocol ? describe(runs_in(snapshot, {}, protocol, RunStatus::done)) : others;
  if (!held.empty()) {
    throw Error(
        fmt::format("{}: holds no finished {} with these choices, but has {}; choose among those or "
                    "run `{}` first",
                    snapshot.path().string(), kind, held, sweep));
  }
  throw Error(fmt::format("{}: holds no finished {}{}; run `{}` first", snapshot.path().string(), kind,
                          others.empty() ? "" : ", but has " + others, sweep));
}

void check_one_model(const Snapshot& snapshot, const std::vector<RunResults>& runs) {
  std::set<std::string> models;
  for (const RunResults& run : runs) models.insert(run.spec().model);
  if (models.size() > 1) {
    throw Error(fmt::format("{}: holds runs of {} models ({}); choose one with --fingerprint",
                            snapshot.path().string(), models.size(), fmt::join(models, ", ")));
  }
}

/// What two runs have in common that differ in nothing but which draw, or which descriptions, they were
/// given.
std::string without_given_files(RunSpec spec) {
  if (!spec.draw.empty()) {
    spec.draw = "given";
    for (const std::string_view drawn : kDrawnImages) {
      if (const auto found = spec.images.find(drawn); found != spec.images.end()) found->second.clear();
    }
  }
  if (!spec.descriptions.empty()) spec.descriptions = "given";
  return spec.id();
}

/// Nothing but a hash tells two such files for the same run apart, so the user has to choose.
void check_one_given_file(const std::vector<RunResults>& runs) {
  constexpr size_t kShownHash = 8;
  std::map<std::string, const RunSpec*> seen;
  for (const RunResults& run : runs) {
    const RunSpec& spec = run.spec();
    if (spec.draw.empty() && spec.descriptions.empty()) continue;
    const auto [found, is_new] = seen.emplace(without_given_files(spec), &spec);
    if (is_new) continue;
    const RunSpec& other = *found->second;
    const bool differs_in_draw = other.draw != spec.draw;
    if (!differs_in_draw && other.descriptions == spec.descriptions) continue;
    const char* setting = differs_in_draw ? "draw" : "descriptions";
    const auto hash_of = [&](const RunSpec& of) {
      return (differs_in_draw ? of.draw : of.descriptions).substr(0, kShownHash);
    };
    throw Error(fmt::format(
        "{} on {}{}: has runs {}; choose one with --where {}={} or --where {}={}", spec.method, spec.dataset,
        run.is_trained()
            ? fmt::format(", {}, seed {}", plural(static_cast<size_t>(spec.shots), "shot"), spec.seed)
            : "",
        differs_in_draw ? "on two given draws" : "with two files of descriptions", setting, hash_of(other),
        setting, hash_of(spec)));
  }
}

/// What a dataset's numbers depend on besides the run's own settings.
auto definition_of(const RunSpec& spec) {
  return std::tie(spec.split_hash, spec.prompt_template, spec.context_init);
}

/// Drops the runs whose dataset has since been given another split, template or context words.
std::vector<std::string> drop_outdated(std::vector<RunResults>& runs) {
  std::map<std::string, RunRecord> newest;
  for (const RunResults& run : runs) {
    RunRecord& latest = newest[run.spec().dataset];
    if (run.record.sequence >= latest.sequence) latest = run.record;
  }
  std::map<std::string, size_t> dropped;
  std::erase_if(runs, [&](const RunResults& run) {
    const bool outdated = definition_of(run.spec()) != definition_of(newest.at(run.spec().dataset).spec);
    if (outdated) ++dropped[run.spec().dataset];
    return outdated;
  });
  std::vector<std::string> notes;
  for (const auto& [dataset, count] : dropped) {
    notes.push_back(fmt::format("{}: {} with an earlier split, template or context words left out", dataset,
                                plural(count, "run")));
  }
  return notes;
}

/// What a run's images held, by where runs have to agree on it: all that were tested on a dataset, and those
/// that were trained on one draw. Methods without validation say nothing of the validation images.
std::map<std::string, std::string> images_of(const RunSpec& spec) {
  const auto held = [&](const char* part) {
    const auto found = spec.images.find(part);
    return found == spec.images.end() ? std::string() : found->second;
  };
  std::map<std::string, std::string> images = {{spec.dataset, held("test")}};
  if (spec.classes.empty()) return images;
  const std::string draw = fmt::format("{} {} {} {} {} {}", spec.dataset, spec.classes, spec.shots, spec.seed,
                                       spec.draw, spec.changes.options());
  images[draw + " train"] = held("train");
  for (const char* part : {"val", "full_val"}) {
    if (!held(part).empty()) images[fmt::format("{} {}", draw, part)] = held(part);
  }
  return images;
}

/// Drops the runs whose images held something else than those of the newest run: neither a mean over both nor
/// a comparison would mean anything. Of runs of earlier versions nothing is known.
std::vector<std::string> drop_other_images(std::vector<RunResults>& runs) {
  if (std::ranges::all_of(runs, [](const RunResults& run) { return run.spec().images.empty(); })) return {};
  std::map<std::string, std::pair<int64_t, std::string>>
      newest;  // where -> when in order, and what they held
  for (const RunResults& run : runs) {
    for (const auto& [where, held] : images_of(run.spec())) {
      auto& latest = newest[where];
      latest = std::max(latest, {run.record.sequence, held});
    }
  }
  std::map<std::string, size_t> dropped;
  std::erase_if(runs, [&](const RunResults& run) {
    const bool is_other = std::ranges::any_of(images_of(run.spec()), [&](const auto& image) {
      return image.second != newest.at(image.first).second;
    });
    if (is_other) ++dropped[run.spec().dataset];
    return is_other;
  });
  std::vector<std::string> notes;
  for (const auto& [dataset, count] : dropped) {
    notes.push_back(fmt::format("{}: {} of other versions of the images than the newest run's left out",
                                dataset, plural(count, "run")));
  }
  return notes;
}

/// The split's part of a test_set_of.
std::string_view split_of(std::string_view test_set) {
  return test_set.substr(0, test_set.find('+'));
}

/// Drops tests on datasets other than the run's own whose split, or whose images, have since changed.
std::vector<std::string> drop_outdated_tests(std::vector<RunResults>& runs) {
  std::map<std::string, std::pair<int64_t, std::string>>
      newest;  // dataset -> when in order, and its test set
  for (const RunResults& run : runs) {
    const auto take = [&](const auto& test) {
      const bool is_own = test.dataset == run.spec().dataset;
      auto& latest = newest[test.dataset];
      latest = std::max(latest, {run.record.sequence, is_own ? run.spec().test_set() : test.split_hash});
    };
    std::ranges::for_each(run.scores, take);
    std::ranges::for_each(run.refusals, take);
  }
  std::map<std::string, size_t> dropped, of_other_images;
  for (RunResults& run : runs) {
    const auto is_outdated = [&](const auto& test) {
      const std::string& latest = newest.at(test.dataset).second;
      const bool outdated = test.dataset != run.spec().dataset && test.split_hash != latest;
      if (outdated)
        ++(split_of(test.split_hash) == split_of(latest) ? of_other_images : dropped)[test.dataset];
      return outdated;
    };
    std::erase_if(run.scores, is_outdated);
    std::erase_if(run.refusals, is_outdated);
  }
  std::vector<std::string> notes;
  for (const auto& [dataset, count] : dropped) {
    notes.push_back(fmt::format("{}: {} on an earlier split left out", dataset, plural(count, "test")));
  }
  for (const auto& [dataset, count] : of_other_images) {
    notes.push_back(fmt::format("{}: {} on other versions of the images than the newest run's left out",
                                dataset, plural(count, "test")));
  }
  return notes;
}

/// "2 failed runs are missing here", or nothing.
std::vector<std::string> note_failures(const Snapshot& snapshot, const ReportQuery& query,
                                       std::optional<Protocol> protocol) {
  const size_t count = runs_in(snapshot, query, protocol, RunStatus::failed).size();
  if (count == 0) return {};
  return {fmt::format("{} failed run{} missing here; `runner report --table failures` says why", count,
                      count == 1 ? " is" : "s are")};
}

/// "no run with these choices: coop", of methods that are not named and have others.
std::vector<std::string> note_absent(const Snapshot& snapshot, const ReportQuery& query,
                                     std::optional<Protocol> protocol, const std::vector<RunResults>& runs) {
  if (!query.methods.empty()) return {};
  std::set<std::string> absent;
  for (const RunResults* run :
       runs_in(snapshot, {.datasets = query.datasets, .model = query.model}, protocol, RunStatus::done))
    absent.insert(run->spec().method);
  for (const RunResults& run : runs) absent.erase(run.spec().method);
  if (absent.empty()) return {};
  return {fmt::format("no run with these choices: {}", fmt::join(absent, ", "))};
}

}  // namespace

Runs runs_in(const Snapshot& snapshot, const ReportQuery& query, std::optional<Protocol> protocol,
             std::optional<RunStatus> status) {
  Runs runs;
  for (const RunResults& run : snapshot.runs()) {
    if ((!protocol || was_asked_for(run, *protocol)) && takes(query, run)) runs.push_back(&run);
  }
  check_conditions(query.where, runs);
  std::erase_if(runs, [&](const RunResults* run) {
    return (status && run->record.status != *status) ||
           std::ranges::any_of(
               query.where, [&](const Condition& condition) { return !satisfies(condition, run->spec()); });
  });
  return runs;
}

RunSelection select_runs(const Snapshot& snapshot, const ReportQuery& query,
                         std::optional<Protocol> protocol) {
  RunSelection selected{
      .runs = {}, .notes = note_failures(snapshot, query, protocol), .methods = snapshot.methods()};
  Runs done = runs_in(snapshot, query, protocol, RunStatus::done);
  const auto taken = [&](const ReportQuery& other) {
    return runs_in(snapshot, other, protocol, RunStatus::done);
  };
  if (const auto blamed = blame_filter(query, taken))
    throw Error(
        fmt::format("{}: holds no finished {} with {}", snapshot.path().string(), run_of(protocol), *blamed));
  if (done.empty()) throw_nothing_to_show(snapshot, protocol);
  std::ranges::sort(done, {}, [](const RunResults* run) -> const std::string& { return run->record.id; });
  selected.runs.reserve(done.size());
  for (const RunResults* run : done) selected.runs.push_back(*run);
  check_one_model(snapshot, selected.runs);
  for (const auto& notes :
       {note_absent(snapshot, query, protocol, selected.runs), drop_outdated(selected.runs),
        drop_other_images(selected.runs), drop_outdated_tests(selected.runs)})
    selected.notes.insert(selected.notes.end(), notes.begin(), notes.end());
  check_one_given_file(selected.runs);
  return selected;
}

std::optional<int64_t> chosen_shots(const Snapshot& snapshot, const ReportQuery& query, Protocol protocol) {
  if (query.shots.size() > 1) {
    throw Error(fmt::format("--shots {}: this table is of one number of shots; choose one",
                            fmt::join(query.shots, ",")));
  }
  std::set<int64_t> found;
  for (const RunResults* run : runs_in(snapshot, query, protocol, RunStatus::done)) {
    if (run->is_trained()) found.insert(run->spec().shots);
  }
  if (found.empty()) return std::nullopt;
  if (found.contains(kUsualShots)) return kUsualShots;
  if (found.size() == 1) return *found.begin();
  throw Error(fmt::format("{}: has runs at {} shots; choose one with --shots", snapshot.path().string(),
                          fmt::join(found, ", ")));
}

void drop_other_targets(std::set<std::string>& targets, Protocol protocol, const std::string& source,
                        const std::vector<Suite>& suites) {
  const auto is_shifted = [&](const std::string& target) {
    return std::ranges::any_of(suites, [&](const Suite& suite) {
      return suite.shifts == source &&
             std::ranges::find(suite.datasets, target, &DatasetSpec::id) != suite.datasets.end();
    });
  };
  if (std::ranges::none_of(targets, is_shifted)) return;
  std::erase_if(targets, [&](const std::string& target) {
    return is_shifted(target) != (protocol == Protocol::domain);
  });
}

}  // namespace promptbed
