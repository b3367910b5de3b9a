#include "results/ledger_rows.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "results/ledger_seals.h"

namespace promptbed {
namespace {

using nlohmann::json;

constexpr double kRounding = 1e-9;  // of what was computed from counts

std::string text(const SQLite::Statement& row, const char* column) {
  return row.getColumn(column).getString();
}

int64_t number(const SQLite::Statement& row, const char* column) {
  return row.getColumn(column).getInt64();
}

/// The run that a row belongs to, which may be any text by now.
std::string run_named_in(const SQLite::Statement& row) {
  std::string run = text(row, "run");
  if (!is_run_id(run)) throw DamagedRow{fmt::format("a row of run {}: that is no run's id", run)};
  return run;
}

/// A row without a seal is of an earlier version, which did not seal. `name` is made only for a damaged one.
template <class Name>
void check_seal(const SQLite::Statement& row, const Name& name) {
  const SQLite::Column seal = row.getColumn("seal");
  if (seal.isNull() || seal.getInt64() == row.getColumn("expected").getInt64()) return;
  throw DamagedRow{fmt::format("{}: is not what was written, or was changed by another program", name())};
}

/// The JSON in a column. What is sealed is JSON, unless a stranger has made the ledger.
json parse(const std::string& written, const std::string& name) {
  try {
    return parse_json(written, name);
  } catch (const Error& fault) {
    throw DamagedRow{fault.what()};
  }
}

void check_spec(const std::string& id, const std::string& spec) {
  if (!is_run_id(id) || id_of_canonical(spec) != id)
    throw DamagedRow{fmt::format("run {}: its id is not the hash of its settings", id)};
}

RunSpec parse_spec(const std::string& id, const std::string& spec) {
  try {
    return RunSpec::parse(parse(spec, "run " + id));
  } catch (const Error& fault) {
    throw DamagedRow{fmt::format("run {}: {}", id, fault.what())};
  }
}

/// What a seed makes of a run's settings.
struct SeedPart {
  std::optional<int64_t> seed;
  std::map<std::string, std::string, std::less<>> images;

  bool operator==(const SeedPart&) const = default;
};

SeedPart seed_part_of(const RunSpec& spec) {
  SeedPart part{.seed = spec.seed, .images = {}};
  for (const std::string_view drawn : kDrawnImages) {
    if (const auto found = spec.images.find(drawn); found != spec.images.end()) part.images.insert(*found);
  }
  return part;
}

/// Takes it out of the text of settings, and returns it. The keys may be those of an option: what is returned
/// has to be compared with what is parsed.
SeedPart cut_seed_part(std::string& spec) {
  SeedPart part;
  const auto cut = [&](size_t key, size_t length, const char* end_at) {
    const size_t begin = key + length, end = std::min(spec.find_first_of(end_at, begin), spec.size());
    std::string value = spec.substr(begin, end - begin);
    spec.erase(begin, end - begin);
    return value;
  };
  constexpr std::string_view kSeed = "\"seed\":";
  if (const size_t key = spec.rfind(kSeed); key != std::string::npos) {
    const std::string digits = cut(key, kSeed.size(), ",}");
    int64_t seed = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    if (failure == std::errc() && end == digits.data() + digits.size()) part.seed = seed;
  }
  for (const std::string_view drawn : kDrawnImages) {
    const std::string name = fmt::format("\"{}\":\"", drawn);
    if (const size_t key = spec.find(name); key != std::string::npos)
      part.images.emplace(drawn, cut(key, name.size(), "\"\\"));
  }
  return part;
}

/// Whether a text of JSON stands for itself.
bool is_plain(const std::pair<const std::string, std::string>& image) {
  return std::ranges::all_of(image.second, [](char c) { return c >= ' ' && c <= '~'; });
}

/// `name` is made only for a damaged one.
template <class Name>
void check_percent(double value, const Name& name) {
  if (!(value >= 0 && value <= 100 + kRounding))
    throw DamagedRow{fmt::format("{}: {} is no percentage", name(), value)};
}

/// [[images, correct, sum of confidences], ...]
std::vector<ConfidenceBin> parse_bins(const json& value, const std::string& name) {
  std::vector<ConfidenceBin> bins;
  try {
    for (const json& bin : value)
      bins.push_back({bin.at(0).get<int64_t>(), bin.at(1).get<int64_t>(), bin.at(2).get<double>()});
  } catch (const json::exception&) {
    throw DamagedRow{name + ": are no bins of images"};
  }
  for (const ConfidenceBin& bin : bins) {
    if (bin.images < 0 || bin.correct < 0 || bin.correct > bin.images)
      throw DamagedRow{fmt::format("{}: {} of {} images cannot be right", name, bin.correct, bin.images)};
    const auto most = static_cast<double>(bin.images);
    if (!(bin.confidence >= 0 && bin.confidence <= most + kRounding))
      throw DamagedRow{
          fmt::format("{}: {} images cannot be sure to a sum of {}", name, bin.images, bin.confidence)};
  }
  return bins;
}

void check_score(const std::string& run, const Score& score) {
  const auto complain = [&](const std::string& what) {
    throw DamagedRow{
        fmt::format("run {}: its score on {} of {}: {}", run, score.class_set, score.dataset, what)};
  };
  if (score.images < 1 || score.correct < 0 || score.correct > score.images)
    complain(fmt::format("{} of {} images cannot be right", score.correct, score.images));
  const double accuracy = 100.0 * static_cast<double>(score.correct) / static_cast<double>(score.images);
  if (!(std::abs(score.accuracy - accuracy) <= kRounding)) {
    complain(fmt::format("accuracy {}, but {} of {} images are {}", score.accuracy, score.correct,
                         score.images, accuracy));
  }
  if (!(score.macro_f1 >= 0 && score.macro_f1 <= 100 + kRounding))
    complain(fmt::format("macro-F1 {} is no percentage", score.macro_f1));
}

ShotRange shots_of(const SQLite::Statement& row) {
  return {.least = number(row, "shots_least"), .most = number(row, "shots_most")};
}

std::optional<ParameterCount> parameters_of(const SQLite::Statement& row) {
  if (row.getColumn("parameters").isNull()) return std::nullopt;
  return ParameterCount{.all = number(row, "parameters"),
                        .without_biases = number(row, "parameters_without_biases")};
}

}  // namespace

std::string sealed_rows(std::string_view table) {
  return fmt::format("SELECT {0}.*, {1} AS expected FROM {0} ", table, seal_of(table));
}

RunStatus status_of(const SQLite::Statement& row) {
  const std::string status = text(row, "status");
  for (const RunStatus known : {RunStatus::running, RunStatus::done, RunStatus::failed}) {
    if (status == to_string(known)) return known;
  }
  throw DamagedRow{fmt::format("run {}: has no status {}", text(row, "id"), status)};
}

std::optional<ProcessIdentity> owner_of(const SQLite::Statement& row) {
  if (row.getColumn("host").isNull()) return std::nullopt;
  return ProcessIdentity{
      .host = text(row, "host"), .pid = number(row, "pid"), .start = text(row, "process_start")};
}

std::optional<std::string> kept_state_of(const SQLite::Statement& row) {
  if (row.getColumn("draw_hash").isNull()) return std::nullopt;
  return text(row, "state_hash");
}

RunSpec SpecReader::read(const std::string& id, const std::string& spec) {
  check_spec(id, spec);
  std::string common = spec;
  const SeedPart part = cut_seed_part(common);
  if (!part.seed || !std::ranges::all_of(part.images, is_plain)) return parse_spec(id, spec);
  const auto [known, is_new] = known_.try_emplace(std::move(common));
  if (is_new) {
    RunSpec parsed = parse_spec(id, spec);
    if (part == seed_part_of(parsed)) known->second = std::move(parsed);
  }
  if (!known->second) return parse_spec(id, spec);
  RunSpec read = *known->second;
  read.seed = *part.seed;
  for (const auto& [name, hash] : part.images) read.images[name] = hash;
  return read;
}

RunRecord run_of(const SQLite::Statement& row, SpecReader& specs) {
  const std::string id = text(row, "id");
  RunSpec spec = specs.read(id, text(row, "spec"));
  check_seal(row, [&] { return "run " + id; });
  return {.id = id,
          .spec = std::move(spec),
          .status = status_of(row),
          .attempts = number(row, "attempts"),
          .error = text(row, "error"),
          .created = text(row, "created"),
          .ended = text(row, "ended"),
          .sequence = number(row, "sequence"),
          .owner = owner_of(row),
          .claimed = text(row, "claimed"),
          .shots = shots_of(row),
          .parameters = parameters_of(row),
          .kept_state = kept_state_of(row)};
}

void add_training(const SQLite::Statement& row, RunOutcome& outcome) {
  check_seal(row, [&] { return "run " + text(row, "id"); });
  outcome.draw_hash = text(row, "draw_hash");
  outcome.class_names_hash = text(row, "class_names_hash");
  outcome.state_hash = text(row, "state_hash");
  outcome.shots = shots_of(row);
  outcome.parameters = parameters_of(row);
  outcome.shortfall = text(row, "error");
}

RunScore score_of(const SQLite::Statement& row) {
  RunScore score{run_named_in(row),
                 {.dataset = text(row, "dataset"),
                  .class_set = text(row, "class_set"),
                  .images = number(row, "images"),
                  .correct = number(row, "correct"),
                  .accuracy = row.getColumn("accuracy").getDouble(),
                  .macro_f1 = row.getColumn("macro_f1").getDouble(),
                  .predictions_hash = text(row, "predictions_hash"),
                  .split_hash = text(row, "split_hash")}};
  check_score(score.run, score.score);
  check_seal(row, [&] {
    return fmt::format("run {}: its score on {} of {}", score.run, score.score.class_set,
                       score.score.dataset);
  });
  return score;
}

RunRefusal refusal_of(const SQLite::Statement& row) {
  RunRefusal refusal{run_named_in(row),
                     {.dataset = text(row, "dataset"),
                      .class_set = text(row, "class_set"),
                      .reason = text(row, "reason"),
                      .split_hash = text(row, "split_hash")}};
  check_seal(row, [&] {
    return fmt::format("run {}: its refusal of {} of {}", refusal.run, refusal.refusal.class_set,
                       refusal.refusal.dataset);
  });
  return refusal;
}

RunMeasurement measurement_of(const SQLite::Statement& row) {
  const RunMeasurement read{run_named_in(row),
                            {.dataset = text(row, "dataset"),
                             .class_set = text(row, "class_set"),
                             .name = text(row, "name"),
                             .value = row.getColumn("value").getDouble()}};
  const auto name = [&] {
    const Measurement& own = read.measurement;
    return fmt::format("run {}: its {} on {} of {}", read.run, own.name, own.class_set, own.dataset);
  };
  check_percent(read.measurement.value, name);
  check_seal(row, name);
  return read;
}

RunReliability reliability_of(const SQLite::Statement& row) {
  RunReliability read{run_named_in(row),
                      {.dataset = text(row, "dataset"), .class_set = text(row, "class_set"), .bins = {}}};
  const std::string name = fmt::format("run {}: its confidences on {} of {}", read.run,
                                       read.reliability.class_set, read.reliability.dataset);
  check_seal(row, [&] { return name; });
  read.reliability.bins = parse_bins(parse(text(row, "bins"), name), name);
  return read;
}

RunEpoch epoch_of(const SQLite::Statement& row) {
  const SQLite::Column loss = row.getColumn("loss");  // SQLite stores NaN as NULL
  RunEpoch epoch{run_named_in(row),
                 {.epoch = number(row, "epoch"),
                  .loss = loss.isNull() ? std::numeric_limits<double>::quiet_NaN() : loss.getDouble(),
                  .learning_rate = row.getColumn("learning_rate").getDouble(),
                  .seconds = row.getColumn("seconds").getDouble()}};
  check_seal(row, [&] { return fmt::format("run {}: its epoch {}", epoch.run, epoch.epoch.epoch); });
  return epoch;
}

RunTrackedAccuracy tracked_of(const SQLite::Statement& row) {
  RunTrackedAccuracy read{run_named_in(row),
                          {.epoch = number(row, "epoch"),
                           .class_set = text(row, "class_set"),
                           .accuracy = row.getColumn("accuracy").getDouble()}};
  const auto name = [&] {
    const TrackedAccuracy& own = read.tracked;
    return fmt::format("run {}: its accuracy on {} after epoch {}", read.run, own.class_set, own.epoch);
  };
  check_percent(read.tracked.accuracy, name);
  check_seal(row, name);
  return read;
}

RunExecution execution_of(const SQLite::Statement& row) {
  const std::string run = run_named_in(row);
  const std::string name = fmt::format("run {}: its attempt {}", run, number(row, "attempt"));
  check_seal(row, [&] { return name; });
  const json seconds = parse(text(row, "seconds"), name);
  RunExecution execution{run,
                         {.host = text(row, "host"),
                          .processor = text(row, "processor"),
                          .threads = number(row, "threads"),
                          .precision = text(row, "precision"),
                          .torch_version = text(row, "torch_version"),
                          .blas = text(row, "blas"),
                          .code_version = text(row, "code_version"),
                          .dirty = number(row, "dirty") != 0,
                          .plugin_hash = text(row, "plugin_hash"),
                          .seconds = {},
                          .cache_hits = number(row, "cache_hits"),
                          .peak_memory = number(row, "peak_memory"),
                          .test_images = number(row, "test_images")}};
  if (!seconds.is_object()) throw DamagedRow{name + ": has no seconds by phase"};
  for (const auto& [phase, value] : seconds.items()) {
    if (!value.is_number()) throw DamagedRow{name + ": has no seconds by phase"};
    execution.execution.seconds[phase] = value.get<double>();
  }
  return execution;
}

Attempt attempt_of(const SQLite::Statement& row) {
  Attempt attempt{run_named_in(row), number(row, "attempt"), text(row, "plugin_hash")};
  check_seal(row, [&] { return fmt::format("run {}: its attempt {}", attempt.run, attempt.number); });
  return attempt;
}

Asked asked_of(const SQLite::Statement& row) {
  Asked asked{run_named_in(row), text(row, "protocol")};
  check_seal(row, [&] {
    return fmt::format("run {}: the protocol {} that asked for it", asked.run, asked.protocol);
  });
  return asked;
}

ModelRecord model_of(const SQLite::Statement& row) {
  ModelRecord model{.fingerprint = text(row, "fingerprint"),
                    .name = text(row, "name"),
                    .architecture = text(row, "architecture")};
  check_seal(row, [&] { return "model " + model.fingerprint; });
  return model;
}

}  // namespace promptbed
