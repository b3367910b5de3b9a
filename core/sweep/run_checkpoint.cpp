#include "sweep/run_checkpoint.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <ostream>
#include <system_error>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "results/prompt_file.h"
#include "sweep/job.h"

namespace promptbed {
namespace {

using nlohmann::json;

// The file's texts.
constexpr const char* kOrigin = "origin";
constexpr const char* kPoint = "point";
constexpr const char* kOutcome = "outcome";
constexpr const char* kHash = "contents_hash";

/// The commit, and what tells builds of one commit with other changes apart.
std::string code_of(const Execution& execution) {
  if (!execution.dirty) return execution.code_version;
  static const std::string program = hash_file("/proc/self/exe");
  return execution.code_version + ' ' + program;
}

/// What decides besides a run's id whether a point of its training is of use.
std::string origin_of(const RunCheckpoint::Setting& setting, const Execution& execution) {
  return json{{"run", setting.run},
              {"code", code_of(execution)},
              {"plugin", execution.plugin_hash},
              {"torch", execution.torch_version},
              {"precision", execution.precision},
              {"device", setting.device},
              {"track_new", setting.track_new}}
      .dump();
}

}  // namespace

RunCheckpoint::RunCheckpoint(Setting setting, RunOutcome& outcome, std::ostream& log)
    : setting_(std::move(setting)), outcome_(outcome), log_(log) {}

std::optional<TrainingPoint> RunCheckpoint::earlier() {
  std::error_code failure;
  if (!std::filesystem::exists(setting_.path, failure)) return std::nullopt;
  try {
    TrainingPoint point = read();
    earlier_seconds_ = point.seconds;
    for (const EpochRecord& record : point.records) earlier_seconds_ += record.seconds;
    log_ << fmt::format("goes on from {} at epoch {}, step {}\n", setting_.path.string(), point.epoch + 1,
                        point.step + 1)
         << std::flush;
    return point;
  } catch (const Error& fault) {
    log_ << fmt::format("trains from the start: {}\n", fault.what()) << std::flush;
  } catch (const json::exception&) {
    log_ << fmt::format("trains from the start: {}: is no checkpoint of this version\n",
                        setting_.path.string())
         << std::flush;
  }
  return std::nullopt;
}

TrainingPoint RunCheckpoint::read() {
  const std::string name = setting_.path.string();
  auto [tensors, texts] = read_safetensors(setting_.path);
  const auto text_of = [&, &texts = texts](const char* key) {
    const auto found = texts.find(key);
    if (found == texts.end()) throw Error(fmt::format("{}: has no {}", name, key));
    return found->second;
  };
  TrainingPoint point;
  point.tensors = {tensors.begin(), tensors.end()};
  TensorTexts hashed = texts;
  hashed.erase(kHash);
  if (text_of(kHash) != hash_of_prompt(hashed, BytesOfTensors(point.tensors).bytes()))
    throw Error(fmt::format("{}: is damaged (it does not match its hash)", name));
  if (text_of(kOrigin) != origin_of(setting_, outcome_.execution)) {
    throw Error(
        fmt::format("{}: was made by other code, on another device or with another --track-new", name));
  }
  const json value = parse_json(text_of(kPoint), kPoint);
  value.at("epoch").get_to(point.epoch);
  value.at("step").get_to(point.step);
  value.at("seconds").get_to(point.seconds);
  RunOutcome kept = parse_run_outcome(text_of(kOutcome));
  point.records = std::move(kept.epochs);
  outcome_.tracked = std::move(kept.tracked);
  return point;
}

bool RunCheckpoint::is_due() {
  return setting_.interval.count() > 0 && Clock::now() - last_ >= setting_.interval;
}

void RunCheckpoint::keep(const TrainingPoint& point) {
  last_ = Clock::now();
  try {
    write(point);
    log_ << fmt::format("checkpoint written to {} at epoch {}, step {}\n", setting_.path.string(),
                        point.epoch + 1, point.step + 1)
         << std::flush;
  } catch (const std::exception& fault) {
    log_ << fmt::format("cannot write a checkpoint: {}\n", fault.what()) << std::flush;
  }
}

void RunCheckpoint::write(const TrainingPoint& point) const {
  RunOutcome outcome = outcome_;
  outcome.epochs = point.records;
  TensorTexts texts = {
      {kOrigin, origin_of(setting_, outcome_.execution)},
      {kPoint, json{{"epoch", point.epoch}, {"step", point.step}, {"seconds", point.seconds}}.dump()},
      {kOutcome, to_json_line(outcome)}};
  texts[kHash] = hash_of_prompt(texts, BytesOfTensors(point.tensors).bytes());
  std::filesystem::create_directories(setting_.path.parent_path());
  write_safetensors(setting_.path, point.tensors, texts);
}

}  // namespace promptbed
