#include "sweep/run_checkpoint.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <system_error>
#include <utility>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "results/prompt_file.h"
#include "sweep/job.h"

namespace promptbed {
namespace {

using nlohmann::json;

// The file's texts, and the tensor that is not the loop's.
constexpr const char* kMaker = "maker";
constexpr const char* kPoint = "point";
constexpr const char* kOutcome = "outcome";
constexpr const char* kHash = "contents_hash";
const std::string kGenerator = "generator";

/// What decides besides a run's id whether a point of its training is of use.
std::string maker_of(const RunCheckpoint::Setting& setting, const Execution& execution) {
  return json{{"run", setting.run},
              {"code", execution.code_version},
              {"plugin", execution.plugin_hash},
              {"torch", execution.torch_version},
              {"precision", execution.precision},
              {"device", setting.device},
              {"track_new", setting.track_new}}
      .dump();
}

}  // namespace

RunCheckpoint::RunCheckpoint(Setting setting, RunOutcome& outcome, torch::Generator& generator,
                             std::ostream& log)
    : setting_(std::move(setting)), outcome_(outcome), generator_(generator), log_(log) {}

std::optional<TrainingPoint> RunCheckpoint::earlier() {
  std::error_code failure;
  if (!std::filesystem::exists(setting_.path, failure)) return std::nullopt;
  try {
    TrainingPoint point = read();
    earlier_seconds_ = point.seconds;
    for (const EpochRecord& record : point.records) earlier_seconds_ += record.seconds;
    log_ << fmt::format("goes on from {}, after step {} of epoch {}\n", setting_.path.string(), point.step,
                        point.epoch + 1)
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
  const auto [tensors, texts] = read_safetensors(setting_.path);
  const auto text_of = [&, &texts = texts](const char* key) {
    const auto found = texts.find(key);
    if (found == texts.end()) throw Error(fmt::format("{}: has no {}", name, key));
    return found->second;
  };
  NamedTensors all(tensors.begin(), tensors.end());
  TensorTexts hashed = texts;
  hashed.erase(kHash);
  if (text_of(kHash) != hash_of_prompt(hashed, BytesOfTensors(all).bytes()))
    throw Error(fmt::format("{}: is damaged (it does not match its hash)", name));
  if (text_of(kMaker) != maker_of(setting_, outcome_.execution))
    throw Error(
        fmt::format("{}: was made by other code, on another device or with another --track-new", name));
  const json value = parse_json(text_of(kPoint), kPoint);
  const RunOutcome kept = parse_run_outcome(text_of(kOutcome));
  const auto generator = tensors.find(kGenerator);
  if (generator == tensors.end()) throw Error(fmt::format("{}: has no {}", name, kGenerator));

  generator_.set_state(generator->second);
  outcome_.tracked = kept.tracked;
  std::erase_if(all, [](const auto& entry) { return entry.first == kGenerator; });
  return {.epoch = value.at("epoch"),
          .step = value.at("step"),
          .seconds = value.at("seconds"),
          .records = kept.epochs,
          .tensors = std::move(all)};
}

bool RunCheckpoint::is_due() {
  return setting_.interval.count() > 0 && Clock::now() - last_ >= setting_.interval;
}

void RunCheckpoint::keep(const TrainingPoint& point) {
  last_ = Clock::now();
  RunOutcome outcome = outcome_;
  outcome.epochs = point.records;
  TensorTexts texts = {
      {kMaker, maker_of(setting_, outcome_.execution)},
      {kPoint, json{{"epoch", point.epoch}, {"step", point.step}, {"seconds", point.seconds}}.dump()},
      {kOutcome, to_json_line(outcome)}};
  NamedTensors tensors = point.tensors;
  tensors.emplace_back(kGenerator, generator_.get_state());
  texts[kHash] = hash_of_prompt(texts, BytesOfTensors(tensors).bytes());
  try {
    std::filesystem::create_directories(setting_.path.parent_path());
    write_safetensors(setting_.path, tensors, texts);
    log_ << fmt::format("kept in {}, after step {} of epoch {}\n", setting_.path.string(), point.step,
                        point.epoch + 1)
         << std::flush;
  } catch (const std::exception& fault) {
    log_ << fmt::format("keeps no checkpoint: {}\n", fault.what()) << std::flush;
  }
}

void RunCheckpoint::remove(const std::filesystem::path& path) {
  std::error_code is_gone;
  std::filesystem::remove(path, is_gone);
}

}  // namespace promptbed
