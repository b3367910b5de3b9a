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
#include "prompts/trained_prompt.h"
#include "results/prompt_file.h"
#include "sweep/job.h"

namespace promptbed {
namespace {

using nlohmann::json;

// The file's texts, besides the hash that prompts have, too.
constexpr const char* kOrigin = "origin";
constexpr const char* kPoint = "point";
constexpr const char* kOutcome = "outcome";

/// Tells builds of one commit or release apart.
const std::string& hash_of_program() {
  static const std::string hash = hash_file("/proc/self/exe");
  return hash;
}

/// What decides besides a run's id whether a point of its training is of use.
std::string origin_of(const RunCheckpoint::Terms& terms, const Execution& execution) {
  return json{{"run", terms.run},
              {"code", execution.code_version},
              {"program", hash_of_program()},
              {"plugin", execution.plugin_hash},
              {"torch", execution.torch_version},
              {"precision", execution.precision},
              {"device", terms.device},
              {"track_new", terms.track_new}}
      .dump();
}

}  // namespace

RunCheckpoint::RunCheckpoint(Terms terms, RunOutcome& outcome, std::ostream& log)
    : terms_(std::move(terms)), outcome_(outcome), log_(log) {}

std::optional<TrainingPoint> RunCheckpoint::earlier() {
  std::error_code failure;
  if (!std::filesystem::exists(terms_.path, failure)) return std::nullopt;
  try {
    TrainingPoint point = read();
    earlier_seconds_ = point.seconds;
    for (const EpochRecord& record : point.records) earlier_seconds_ += record.seconds;
    log_ << fmt::format("goes on from {} at epoch {}, step {}\n", terms_.path.string(), point.epoch + 1,
                        point.step + 1)
         << std::flush;
    return point;
  } catch (const Error& fault) {
    log_ << fmt::format("trains from the start: {}\n", fault.what()) << std::flush;
  } catch (const json::exception&) {
    log_ << fmt::format("trains from the start: {}: is no checkpoint of this version\n", terms_.path.string())
         << std::flush;
  }
  return std::nullopt;
}

TrainingPoint RunCheckpoint::read() {
  const std::string name = terms_.path.string();
  auto [tensors, texts] = read_safetensors(terms_.path);
  const auto text_of = [&, &texts = texts](const char* key) {
    const auto found = texts.find(key);
    if (found == texts.end()) throw Error(fmt::format("{}: has no {}", name, key));
    return found->second;
  };
  TrainingPoint point;
  point.tensors = {tensors.begin(), tensors.end()};
  TensorTexts hashed = texts;
  hashed.erase(kPromptHash);
  if (text_of(kPromptHash) != hash_of_prompt(hashed, point.tensors))
    throw Error(fmt::format("{}: is damaged (it does not match its hash)", name));
  if (text_of(kOrigin) != origin_of(terms_, outcome_.execution)) {
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
  return terms_.interval.count() > 0 && Clock::now() - last_ >= terms_.interval;
}

void RunCheckpoint::keep(const TrainingPoint& point) {
  last_ = Clock::now();
  try {
    write(point);
    log_ << fmt::format("checkpoint written to {} at epoch {}, step {}\n", terms_.path.string(),
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
      {kOrigin, origin_of(terms_, outcome_.execution)},
      {kPoint, json{{"epoch", point.epoch}, {"step", point.step}, {"seconds", point.seconds}}.dump()},
      {kOutcome, to_json_line(outcome)}};
  texts[kPromptHash] = hash_of_prompt(texts, point.tensors);
  std::filesystem::create_directories(terms_.path.parent_path());
  write_safetensors(terms_.path, point.tensors, texts);
}

}  // namespace promptbed
