#include "sweep/job.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/names.h"
#include "table/table.h"

namespace promptbed {

using nlohmann::json;

// RunOutcome in JSON, member by member.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Score, dataset, class_set, images, correct, accuracy, macro_f1,
                                   predictions_hash, split_hash)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Refusal, dataset, class_set, reason, split_hash)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Measurement, dataset, class_set, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ConfidenceBin, images, correct, confidence)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Reliability, dataset, class_set, bins)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochRecord, epoch, loss, learning_rate, seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrackedAccuracy, epoch, class_set, accuracy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Execution, host, processor, threads, precision, torch_version, blas,
                                   code_version, dirty, plugin_hash, seconds, cache_hits, peak_memory,
                                   test_images)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ShotRange, least, most)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ParameterCount, all, without_biases)

namespace {

namespace fs = std::filesystem;

constexpr Named<JobStage> kStages[] = {{JobStage::trained, "trained"},
                                       {JobStage::done, "done"},
                                       {JobStage::failed, "failed"},
                                       {JobStage::interrupted, "interrupted"}};
constexpr Named<Activation> kActivations[] = {{Activation::quick_gelu, "quick_gelu"},
                                              {Activation::gelu, "gelu"}};

const std::string& text_at(const json& value, const char* key) {
  return value.at(key).get_ref<const std::string&>();
}

Protocol protocol_of(const json& text) {
  const std::optional<Protocol> known = find_protocol(text.get_ref<const std::string&>());
  if (!known) throw Error(fmt::format("{} is unknown", text.dump()));
  return *known;
}

/// A file's name may hold any bytes, and JSON holds UTF-8: bytes above ASCII, and '%', are written as in a
/// URL. Names of classes come from names of files, too.
std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x80 && byte != '%') {
      text += byte;
    } else {
      text += fmt::format("%{:02X}", code);
    }
  }
  return text;
}

std::string unescaped(const json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const std::string_view code = std::string_view(text).substr(i + 1, 2);
    unsigned byte = 0;
    const auto [end, fault] = std::from_chars(code.data(), code.data() + code.size(), byte, 16);
    if (fault != std::errc() || end != code.data() + 2)
      throw Error(fmt::format("{} has a % without two digits", value.dump()));
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

template <class Texts>
json escaped_all(const Texts& texts) {
  json list = json::array();
  for (const auto& text : texts) {
    if constexpr (std::is_same_v<std::decay_t<decltype(text)>, fs::path>) {
      list.push_back(escaped(text.native()));
    } else {
      list.push_back(escaped(text));
    }
  }
  return list;
}

template <class Texts>
Texts unescaped_all(const json& list) {
  Texts texts;
  for (const json& text : list) texts.insert(texts.end(), unescaped(text));
  return texts;
}

/// Whole numbers only: json would cut a fraction off.
int64_t whole(const json& value) {
  if (!value.is_number_integer()) throw Error(fmt::format("{} is not a whole number", value.dump()));
  return value.get<int64_t>();
}

json json_of(const std::vector<Image>& images) {
  json list = json::array();
  for (const Image& image : images) list.push_back({escaped(image.path), image.label});
  return list;
}

std::vector<Image> parse_images(const json& list, const std::vector<std::string>& class_names) {
  std::vector<Image> images;
  for (const json& entry : list) {
    const int64_t label = whole(entry.at(1));
    if (label < 0 || label >= static_cast<int64_t>(class_names.size()))
      throw Error(fmt::format("label {} is none of {} classes", label, class_names.size()));
    images.push_back({unescaped(entry.at(0)), label, class_names[static_cast<size_t>(label)]});
  }
  return images;
}

json json_of(const JobData& data) {
  json value = {{"class_names", escaped_all(data.class_names)},
                {"new_class_names", escaped_all(data.new_class_names)},
                {"train", json_of(data.draw.train)},
                {"val", json_of(data.draw.val)}};
  for (const auto& [name, sentences] : data.descriptions)
    value["descriptions"][escaped(name)] = escaped_all(sentences);
  return value;
}

JobData parse_data(const json& value) {
  JobData data;
  data.class_names = unescaped_all<std::vector<std::string>>(value.at("class_names"));
  data.new_class_names = unescaped_all<std::vector<std::string>>(value.at("new_class_names"));
  data.draw.train = parse_images(value.at("train"), data.class_names);
  data.draw.val = parse_images(value.at("val"), data.class_names);
  if (value.contains("descriptions")) {
    for (const auto& [name, sentences] : value.at("descriptions").items())
      data.descriptions[unescaped(name)] = unescaped_all<std::vector<std::string>>(sentences);
  }
  return data;
}

json json_of(const JobTest& test) {
  return {{"dataset", test.dataset},
          {"split_hash", test.split_hash},
          {"classes", to_string(test.classes)},
          {"images", test.images}};
}

JobTest parse_test(const json& value) {
  return {value.at("dataset"), value.at("split_hash"),
          parse_class_set(value.at("classes").get_ref<const std::string&>()), value.at("images")};
}

json json_of(const std::vector<FeatureRequest>& requests) {
  json list = json::array();
  for (const FeatureRequest& request : requests)
    list.push_back({{"images", escaped_all(request.images)}, {"views", request.views}});
  return list;
}

std::vector<FeatureRequest> parse_requests(const json& list) {
  std::vector<FeatureRequest> requests;
  for (const json& entry : list) {
    requests.push_back({unescaped_all<std::vector<std::string>>(entry.at("images")), {}});
    for (const json& view : entry.at("views")) requests.back().views.push_back(static_cast<int>(whole(view)));
  }
  return requests;
}

/// All but the data.
json json_of(const Job& job) {
  json value = {{"run", job.run.canonical()},
                {"label", job.label},
                {"protocol", to_string(job.protocol)},
                {"tests", json::array()},
                {"attempt", job.attempt}};
  for (const JobTest& test : *job.tests) value["tests"].push_back(json_of(test));
  if (job.kept_state) value["kept_state"] = *job.kept_state;
  return value;
}

Job parse_job_without_data(const json& value) {
  Job job;
  job.run = RunSpec::parse(value.at("run"));
  job.label = value.at("label");
  job.protocol = protocol_of(value.at("protocol"));
  std::vector<JobTest> tests;
  for (const json& test : value.at("tests")) tests.push_back(parse_test(test));
  job.tests = std::move(tests);
  if (value.contains("kept_state")) job.kept_state = value.at("kept_state").get<std::string>();
  job.attempt = whole(value.at("attempt"));
  return job;
}

json json_of(const RunOutcome& outcome) {
  json value = {{"scores", outcome.scores},
                {"refusals", outcome.refusals},
                {"epochs", outcome.epochs},
                {"tracked", outcome.tracked},
                {"execution", outcome.execution},
                {"draw_hash", outcome.draw_hash},
                {"class_names_hash", outcome.class_names_hash},
                {"state_hash", outcome.state_hash},
                {"shots", outcome.shots},
                {"shortfall", outcome.shortfall},
                {"measurements", outcome.measurements},
                {"reliabilities", outcome.reliabilities}};
  if (outcome.parameters) value["parameters"] = *outcome.parameters;
  return value;
}

RunOutcome parse_outcome(const json& value) {
  RunOutcome outcome;
  value.at("scores").get_to(outcome.scores);
  value.at("refusals").get_to(outcome.refusals);
  value.at("measurements").get_to(outcome.measurements);
  value.at("reliabilities").get_to(outcome.reliabilities);
  value.at("epochs").get_to(outcome.epochs);
  value.at("tracked").get_to(outcome.tracked);
  value.at("execution").get_to(outcome.execution);
  value.at("draw_hash").get_to(outcome.draw_hash);
  value.at("class_names_hash").get_to(outcome.class_names_hash);
  value.at("state_hash").get_to(outcome.state_hash);
  value.at("shots").get_to(outcome.shots);
  value.at("shortfall").get_to(outcome.shortfall);
  if (value.contains("parameters")) outcome.parameters = value.at("parameters").get<ParameterCount>();
  return outcome;
}

/// One line. What a plugin says may hold any bytes: those that are not UTF-8 are replaced.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// What `parse` makes of the line's JSON; its faults as one Error that says what the line should be.
template <class Parse>
auto parse_line(const char* what, std::string_view line, Parse&& parse) {
  const json value = parse_json(line, what);
  try {
    return parse(value);
  } catch (const std::exception& wrong) {  // json's, Error, and what a device's name cannot be
    const std::string why = wrong.what();
    throw Error(fmt::format("{}: {}; give a line that the same version of runner wrote", what,
                            why.substr(0, why.find('\n'))));
  }
}

}  // namespace

std::string JobTest::title() const {
  return fmt::format("{} of {}", to_string(classes), dataset);
}

std::string Job::title() const {
  const std::string method = label.empty() ? run.method : fmt::format("{} {}", run.method, label);
  if (run.classes.empty()) {
    const std::string title = fmt::format("{} on {}", method, run.dataset);
    return run.seed == 0 ? title : fmt::format("{}, seed {}", title, run.seed);
  }
  return fmt::format("{} on {}, {}, seed {}", method, run.dataset,
                     plural(static_cast<size_t>(run.shots), "shot"), run.seed);
}

std::string to_json_line(const BenchSpec& spec) {
  json value = {{"suite", spec.suite},
                {"datasets", escaped(spec.datasets)},
                {"data", escaped(spec.data.native())},
                {"suites", escaped(spec.suites.native())},
                {"cache", escaped(spec.cache.native())},
                {"templates", escaped(spec.templates.native())},
                {"class_names", escaped(spec.class_names.native())},
                {"elsewhere", escaped_all(spec.elsewhere)},
                {"target_suite", spec.target_suite},
                {"targets", escaped(spec.targets)},
                {"model", escaped(spec.model.native())},
                {"views", spec.views},
                {"device", device_text(spec.placement.device)},
                {"precision", to_name(kPrecisions, spec.placement.precision)},
                {"plugins", escaped_all(spec.plugins)},
                {"ledger", escaped(spec.ledger.native())},
                {"threads", spec.threads},
                {"track_new", spec.track_new},
                {"checkpoint_minutes", spec.checkpoint_minutes},
                {"cuda_graphs", spec.cuda_graphs}};
  if (spec.activation) value["activation"] = to_name(kActivations, *spec.activation);
  if (spec.crops) value["crops"] = to_string(*spec.crops);
  return dump(value);
}

BenchSpec parse_bench_spec(std::string_view line) {
  return parse_line("bench", line, [](const json& value) {
    BenchSpec spec;
    spec.suite = value.at("suite");
    spec.datasets = unescaped(value.at("datasets"));
    spec.data = unescaped(value.at("data"));
    spec.suites = unescaped(value.at("suites"));
    spec.cache = unescaped(value.at("cache"));
    spec.templates = unescaped(value.at("templates"));
    spec.class_names = unescaped(value.at("class_names"));
    spec.elsewhere = unescaped_all<std::set<std::string>>(value.at("elsewhere"));
    spec.target_suite = value.at("target_suite");
    spec.targets = unescaped(value.at("targets"));
    spec.model = unescaped(value.at("model"));
    spec.views = whole(value.at("views"));
    spec.placement.device = parse_device(value.at("device").get<std::string>(), "device");
    spec.placement.precision = from_name(kPrecisions, text_at(value, "precision"));
    spec.plugins = unescaped_all<std::vector<fs::path>>(value.at("plugins"));
    spec.ledger = unescaped(value.at("ledger"));
    spec.threads = whole(value.at("threads"));
    spec.track_new = whole(value.at("track_new"));
    spec.checkpoint_minutes = whole(value.at("checkpoint_minutes"));
    spec.cuda_graphs = value.at("cuda_graphs");
    if (value.contains("activation")) spec.activation = from_name(kActivations, text_at(value, "activation"));
    if (value.contains("crops")) spec.crops = parse_crops(value.at("crops").get<std::string>(), "crops");
    return spec;
  });
}

std::string to_json_line(const JobData& data) {
  return dump(json_of(data));
}

JobData parse_job_data(std::string_view line) {
  return parse_line("job's data", line, parse_data);
}

std::string to_json_line(const Job& job) {
  json value = json_of(job);
  value["data"] = json_of(*job.data);
  return dump(value);
}

Job parse_job(std::string_view line) {
  return parse_line("job", line, [](const json& value) {
    Job job = parse_job_without_data(value);
    job.data = parse_data(value.at("data"));
    return job;
  });
}

std::string to_json_line(const Job& job, const std::string& data_name) {
  json value = json_of(job);
  value["data"] = data_name;
  return dump(value);
}

Job parse_job(std::string_view line, const std::function<Shared<JobData>(const std::string& name)>& data_of) {
  return parse_line("job", line, [&](const json& value) {
    Job job = parse_job_without_data(value);
    job.data = data_of(value.at("data").get<std::string>());
    return job;
  });
}

std::string to_json_line(const Extraction& extraction) {
  return dump({{"dataset", extraction.dataset},
               {"views", json_of(extraction.views)},
               {"crops", json_of(extraction.crops)},
               {"missing", extraction.missing}});
}

Extraction parse_extraction(std::string_view line) {
  return parse_line("extraction", line, [](const json& value) {
    return Extraction{.dataset = value.at("dataset"),
                      .views = parse_requests(value.at("views")),
                      .crops = parse_requests(value.at("crops")),
                      .missing = whole(value.at("missing"))};
  });
}

std::string to_json_line(const JobOutcome& outcome) {
  json value = {{"run", outcome.run}, {"stage", to_name(kStages, outcome.stage)}};
  if (outcome.stage == JobStage::trained || outcome.stage == JobStage::done)
    value["outcome"] = json_of(outcome.outcome);
  if (outcome.stage == JobStage::trained) value["prompt"] = outcome.prompt;
  if (outcome.stage == JobStage::failed) value["error"] = outcome.error;
  return dump(value);
}

std::string to_json_line(const RunOutcome& outcome) {
  return dump(json_of(outcome));
}

RunOutcome parse_run_outcome(std::string_view line) {
  return parse_line("outcome", line, parse_outcome);
}

JobOutcome parse_job_outcome(std::string_view line) {
  return parse_line("outcome", line, [](const json& value) {
    JobOutcome outcome;
    outcome.run = value.at("run");
    outcome.stage = from_name(kStages, text_at(value, "stage"));
    if (outcome.stage == JobStage::trained || outcome.stage == JobStage::done)
      outcome.outcome = parse_outcome(value.at("outcome"));
    if (outcome.stage == JobStage::trained) outcome.prompt = value.at("prompt");
    if (outcome.stage == JobStage::failed) outcome.error = value.at("error");
    return outcome;
  });
}

}  // namespace promptbed
