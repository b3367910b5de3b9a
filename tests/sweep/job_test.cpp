#include "sweep/job.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "results/sample_runs.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

Job sample_job() {
  Job job;
  job.run = test::sample_spec("brands", 3);
  job.run.options["rate"] = 0.1;
  job.label = "n_ctx=4";
  job.protocol = Protocol::few_shot;
  JobData data;
  data.class_names = {"caf\xc3\xa9", "100 %", "latin \xe9"};
  data.new_class_names = {"tree"};
  data.draw.train = {{"a/1.png", 2, "latin \xe9"}, {"b/caf\xe9 %41.png", 0, "caf\xc3\xa9"}};
  data.draw.val = {{"a/2.png", 1, "100 %"}};
  data.descriptions = {{"caf\xc3\xa9", {"100 % coffee", "\xe9"}}, {"tree", {"green"}}};
  job.data = std::move(data);
  job.run.images["test"] = "0123";
  job.tests = std::vector<JobTest>{{"brands", "split of brands", ClassSet::base, "0123"},
                                   {"office", "another", ClassSet::all}};
  job.kept_state = "0123abcd";
  job.attempt = 4;
  return job;
}

/// The line with one key's value replaced, or taken out by null.
std::string with(const std::string& line, const std::string& pointer, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(line);
  const nlohmann::json::json_pointer place(pointer);
  if (value.is_null()) {
    json.at(place.parent_pointer()).erase(place.back());
  } else {
    json.at(place) = value;
  }
  return json.dump();
}

TEST(Job, ComesBackFromItsLine) {
  const Job job = sample_job();
  const std::string line = to_json_line(job);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Job read = parse_job(line);
  EXPECT_EQ(read.run.id(), job.run.id());
  EXPECT_EQ(read.run.canonical(), job.run.canonical());
  EXPECT_EQ(read.label, job.label);
  EXPECT_EQ(read.protocol, job.protocol);
  EXPECT_EQ(read.data->class_names, job.data->class_names);
  EXPECT_EQ(read.data->new_class_names, job.data->new_class_names);
  EXPECT_EQ(read.data->draw, job.data->draw) << "whatever bytes the names of files hold";
  EXPECT_EQ(read.data->descriptions, job.data->descriptions);
  EXPECT_EQ(read.tests, job.tests);
  EXPECT_EQ(read.kept_state, job.kept_state);
  EXPECT_EQ(read.attempt, job.attempt);
  EXPECT_EQ(to_json_line(read), line);
}

TEST(Job, NamesDataThatIsKeptElsewhere) {
  const Job job = sample_job();
  const std::string line = to_json_line(job, "that");
  EXPECT_EQ(line.find("a/1.png"), std::string::npos);
  const Job read = parse_job(line, [&](const std::string& name) {
    EXPECT_EQ(name, "that");
    return Shared<JobData>(parse_job_data(to_json_line(*job.data)));
  });
  EXPECT_EQ(to_json_line(read), to_json_line(job));
  EXPECT_ERROR(parse_job(line), "job: ");
  EXPECT_ERROR(parse_job_data("{}"), "job's data: ");
}

TEST(Job, AMethodWithoutTrainingHasNoDraw) {
  Job job;
  job.run = test::zero_shot_spec();
  job.tests = std::vector<JobTest>{{"brands", "split of brands", ClassSet::new_}};
  const Job read = parse_job(to_json_line(job));
  EXPECT_EQ(read.run.id(), job.run.id());
  EXPECT_TRUE(read.data->draw.train.empty());
  EXPECT_FALSE(read.kept_state);
  EXPECT_EQ(read.title(), "clip_zeroshot on brands");
}

TEST(Job, IsTitledByItsRunAndWhatTheSweepVaries) {
  EXPECT_EQ(sample_job().title(), "coop n_ctx=4 on brands, 16 shots, seed 3");
  EXPECT_EQ(sample_job().tests->at(0).title(), "base of brands");
}

TEST(Job, RefusesALineThatIsNone) {
  const std::string line = to_json_line(sample_job());
  EXPECT_ERROR(parse_job(""), "job: ");
  EXPECT_ERROR(parse_job(line.substr(0, line.size() / 2)), "job: is not JSON");
  EXPECT_ERROR(parse_job("[]"), "give a line that the same version of runner wrote");
  for (const char* key :
       {"/run", "/label", "/protocol", "/data/class_names", "/data/new_class_names", "/data/train",
        "/data/val", "/tests", "/attempt", "/run/options", "/tests/0/split_hash", "/tests/0/images"})
    EXPECT_ERROR(parse_job(with(line, key, nullptr)), "job: ");
  EXPECT_ERROR(parse_job(with(line, "/protocol", "all-at-once")), "\"all-at-once\" is unknown");
  EXPECT_ERROR(parse_job(with(line, "/tests/0/classes", "some")), "'some' is not a set of classes");
  EXPECT_ERROR(parse_job(with(line, "/data/train/0/1", 3)), "label 3 is none of 3 classes");
  EXPECT_ERROR(parse_job(with(line, "/data/train/0/1", -1)), "label -1 is none of 3 classes");
  EXPECT_ERROR(parse_job(with(line, "/data/train/0/0", "half an escape %4")), "has a % without two digits");
  EXPECT_ERROR(parse_job(with(line, "/attempt", 1.5)), "1.5 is not a whole number");
  EXPECT_ERROR(parse_job(with(line, "/kept_state", 7)), "job: ");
}

TEST(Extraction, ComesBackFromItsLine) {
  const Extraction extraction{.dataset = "brands",
                              .views = {{{"a/caf\xe9 %.png", "b.png"}, {-1, 0, 1}}, {{"c.png"}, {-1}}},
                              .crops = {{{"c.png"}, {0, 1}}},
                              .missing = 3};
  const std::string line = to_json_line(extraction);
  const Extraction read = parse_extraction(line);
  ASSERT_EQ(read.views.size(), 2U);
  EXPECT_EQ(read.views[0].images, extraction.views[0].images);
  EXPECT_EQ(read.views[0].views, extraction.views[0].views);
  EXPECT_EQ(to_json_line(read), line);
  EXPECT_ERROR(parse_extraction("{}"), "extraction: ");
}

JobOutcome sample_end() {
  JobOutcome end{
      .run = "0123", .stage = JobStage::done, .outcome = test::sample_outcome("brands", 61.5, 50.25)};
  end.outcome.scores[0].split_hash = "split";
  end.outcome.refusals = {{"office", "all", "coop: cannot", "another"}};
  test::add_measurements(end.outcome, "brands", "base", 60.1, 70.2);
  end.outcome.epochs[0].loss = 0.1;  // no finite number of binary digits
  end.outcome.tracked = {{1, "base", 61.5}, {1, "new", 0.1}};
  end.outcome.parameters = ParameterCount{.all = 2048, .without_biases = 2000};
  end.outcome.shortfall = "all of office: is missing";
  return end;
}

TEST(JobOutcome, ComesBackFromItsLine) {
  const JobOutcome end = sample_end();
  const JobOutcome read = parse_job_outcome(to_json_line(end));
  EXPECT_EQ(read.run, end.run);
  EXPECT_EQ(read.stage, end.stage);
  EXPECT_EQ(read.outcome.scores.at(0).accuracy, 61.5);
  EXPECT_EQ(read.outcome.scores.at(0).split_hash, "split");
  EXPECT_EQ(read.outcome.scores.at(1).predictions_hash, "new predictions");
  EXPECT_EQ(read.outcome.refusals.at(0).reason, "coop: cannot");
  EXPECT_EQ(read.outcome.measurements.at(1).name, measured::kConfidence);
  EXPECT_EQ(read.outcome.measurements.at(1).value, 70.2);
  EXPECT_EQ(read.outcome.reliabilities.at(0).bins, end.outcome.reliabilities.at(0).bins);
  EXPECT_EQ(read.outcome.epochs.at(0).loss, 0.1);
  EXPECT_EQ(read.outcome.tracked.at(1).accuracy, 0.1);
  EXPECT_EQ(read.outcome.execution.seconds, end.outcome.execution.seconds);
  EXPECT_EQ(read.outcome.execution.peak_memory, end.outcome.execution.peak_memory);
  EXPECT_TRUE(read.outcome.execution.dirty);
  EXPECT_EQ(read.outcome.state_hash, hash_of_state(test::sample_state()));
  EXPECT_EQ(read.outcome.shots.most, 16);
  EXPECT_EQ(read.outcome.parameters->without_biases, 2000);
  EXPECT_EQ(read.outcome.shortfall, end.outcome.shortfall);
  EXPECT_EQ(to_json_line(read), to_json_line(end));
}

TEST(JobOutcome, OfEachStageComesBack) {
  const JobOutcome failed =
      parse_job_outcome(to_json_line({.run = "0123", .stage = JobStage::failed, .error = "no luck \xe9"}));
  EXPECT_EQ(failed.stage, JobStage::failed);
  EXPECT_EQ(failed.error, "no luck \xef\xbf\xbd") << "bytes that are not UTF-8 are replaced";
  for (const JobStage stage : {JobStage::trained, JobStage::interrupted})
    EXPECT_EQ(parse_job_outcome(to_json_line({.run = "0123", .stage = stage})).stage, stage);
}

TEST(JobOutcome, RefusesALineThatIsNone) {
  const std::string line = to_json_line(sample_end());
  EXPECT_ERROR(parse_job_outcome("what a plugin prints"), "outcome: ");
  EXPECT_ERROR(parse_job_outcome(with(line, "/stage", "begun")), "\"begun\" is unknown");
  for (const char* key : {"/run", "/stage", "/outcome", "/outcome/scores", "/outcome/execution/host",
                          "/outcome/scores/0/accuracy", "/outcome/epochs/0/loss", "/outcome/parameters/all"})
    EXPECT_ERROR(parse_job_outcome(with(line, key, nullptr)), "outcome: ");
  EXPECT_ERROR(parse_job_outcome(with(line, "/outcome/scores/0/accuracy", "good")), "outcome: ");
}

TEST(BenchSpec, ComesBackFromItsLine) {
  BenchSpec spec;
  spec.suite = "small";
  spec.datasets = "one,own/caf\xe9";
  spec.data = "data 100%";
  spec.suites = "suites";
  spec.templates = "templates.json";
  spec.elsewhere = {"two", "three"};
  spec.target_suite = "moved";
  spec.targets = "four";
  spec.model = "model.pt";
  spec.activation = Activation::gelu;
  spec.views = 0;
  spec.placement.precision = Precision::bf16;
  spec.placement.device = torch::Device("cuda:1");
  spec.plugins = {"plugins", "more"};
  spec.ledger = "out/ledger.db";
  spec.threads = 3;
  const std::string line = to_json_line(spec);
  const BenchSpec read = parse_bench_spec(line);
  EXPECT_EQ(read.datasets, spec.datasets);
  EXPECT_EQ(read.data, spec.data);
  EXPECT_EQ(read.cache, "runs/cache");
  EXPECT_EQ(read.elsewhere, spec.elsewhere);
  EXPECT_EQ(read.targets, "four");
  EXPECT_EQ(read.activation, Activation::gelu);
  EXPECT_EQ(read.views, 0);
  EXPECT_EQ(read.placement.precision, Precision::bf16);
  EXPECT_EQ(read.placement.device, spec.placement.device);
  EXPECT_EQ(read.plugins, spec.plugins);
  EXPECT_EQ(read.threads, 3);
  EXPECT_EQ(to_json_line(read), line);
  EXPECT_FALSE(parse_bench_spec(to_json_line(BenchSpec())).activation);
  EXPECT_ERROR(parse_bench_spec(with(line, "/precision", "f64")), "bench: \"f64\" is unknown");
  EXPECT_ERROR(parse_bench_spec(with(line, "/device", "tpu?")), "bench: ");
  EXPECT_ERROR(parse_bench_spec(with(line, "/model", nullptr)), "bench: ");
}

}  // namespace
}  // namespace promptbed
