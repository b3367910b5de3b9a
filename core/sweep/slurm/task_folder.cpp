#include "sweep/slurm/task_folder.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/files.h"
#include "base/hash.h"
#include "base/installation.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/text_files.h"
#include "results/run_files.h"
#include "results/run_record.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path numbered(const fs::path& folder, const char* name, int64_t number) {
  return folder / fmt::format("{}-{:04}", name, number);
}

/// A percent sign that sbatch takes for no pattern.
std::string literal(const std::string& path) {
  std::string escaped;
  for (const char c : path) escaped += c == '%' ? "%%" : std::string(1, c);
  return escaped;
}

std::string lines_with(const std::vector<Extraction>& extractions) {
  std::string lines;
  for (const Extraction& extraction : extractions) lines += to_json_line(extraction) + '\n';
  return lines;
}

std::vector<Extraction> extractions_in(const fs::path& file) {
  std::vector<Extraction> extractions;
  for (const std::string& line : read_lines(file)) extractions.push_back(parse_extraction(line));
  return extractions;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code there_is_none;
  for (const auto& entry : fs::directory_iterator(folder, there_is_none)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  return entries;
}

}  // namespace

void ArrayFolder::write(const BenchSpec& bench, const std::vector<std::vector<const Job*>>& tasks,
                        const std::vector<Extraction>& needed) const {
  std::map<const JobData*, std::string> names;
  const auto name_of = [&](const JobData& data) -> const std::string& {
    const auto [entry, is_new] = names.try_emplace(&data);
    if (is_new) {
      const std::string line = to_json_line(data);
      entry->second = Hasher().add(line).hex();
      write_file(path_ / ("data-" + entry->second), line + '\n');
    }
    return entry->second;
  };
  int64_t number = 0;
  for (const auto& jobs : tasks) {
    std::string lines;
    for (const Job* job : jobs) lines += to_json_line(*job, name_of(*job->data)) + '\n';
    write_file(numbered(path_, "jobs", ++number), lines);
  }
  if (!needed.empty()) write_file(path_ / "features", lines_with(needed));
  write_bench(bench);
}

void ArrayFolder::write(const BenchSpec& bench,
                        const std::vector<std::vector<const Extraction*>>& tasks) const {
  int64_t number = 0;
  for (const auto& extractions : tasks) {
    std::vector<Extraction> all;
    for (const Extraction* extraction : extractions) all.push_back(*extraction);
    write_file(numbered(path_, "features", ++number), lines_with(all));
  }
  write_bench(bench);
}

void ArrayFolder::write_bench(const BenchSpec& bench) const {
  write_file(path_ / "bench.json", fmt::format("{}\n{}\n", code_version(), to_json_line(bench)));
}

std::vector<Extraction> ArrayFolder::read_needed() const {
  const fs::path file = path_ / "features";
  return fs::exists(file) ? extractions_in(file) : std::vector<Extraction>();
}

std::optional<std::vector<Extraction>> ArrayFolder::read_extractions(int64_t task) const {
  const fs::path file = numbered(path_, "features", task);
  return fs::exists(file) ? std::optional(extractions_in(file)) : std::nullopt;
}

BenchSpec ArrayFolder::read_bench() const {
  const fs::path file = path_ / "bench.json";
  const std::vector<std::string> lines = read_lines(file);
  if (lines.size() != 2) throw Error(fmt::format("{}: is damaged; sweep again", file.string()));
  if (lines[0] != code_version()) {
    throw Error(
        fmt::format("{}: is of a sweep by runner {}, and this machine has {}; give all machines the same",
                    file.string(), lines[0], code_version()));
  }
  return parse_bench_spec(lines[1]);
}

std::vector<Job> ArrayFolder::read_jobs(int64_t task) const {
  std::map<std::string, Shared<JobData>> known;
  const auto data_of = [&](const std::string& name) {
    const auto [entry, is_new] = known.try_emplace(name);
    if (is_new) entry->second = parse_job_data(read_lines(path_ / ("data-" + name)).at(0));
    return entry->second;
  };
  std::vector<Job> jobs;
  for (const std::string& line : read_lines(numbered(path_, "jobs", task)))
    jobs.push_back(parse_job(line, data_of));
  return jobs;
}

void ArrayFolder::write(const Submission& submission) const {
  const json value = {{"job", submission.job}, {"runs", submission.runs}, {"datasets", submission.datasets}};
  write_file(path_ / "array.json", value.dump() + '\n');
}

std::optional<ArrayFolder::Submission> ArrayFolder::read_submission() const {
  const fs::path file = path_ / "array.json";
  try {
    const json value = read_json(file);
    return Submission{value.at("job").get<int64_t>(),
                      value.at("runs").get<std::vector<std::vector<std::string>>>(),
                      value.at("datasets").get<std::vector<std::string>>()};
  } catch (const Error&) {
  } catch (const json::exception&) {
  }
  return std::nullopt;
}

bool ArrayFolder::is_abandoned() const {
  constexpr std::chrono::minutes kLongestSubmission{10};
  std::error_code is_gone;
  const fs::file_time_type made = fs::last_write_time(path_, is_gone);
  return !is_gone && !read_submission() && made + kLongestSubmission < fs::file_time_type::clock::now();
}

// A loss of power may lose what is noted, and a task makes a run for nothing: no reason to wait for the disk.
void ArrayFolder::note_trained(const std::string& run, const std::string& state) const {
  std::ofstream(path_ / ("trained-" + run)) << state << '\n';
}

void ArrayFolder::note_collected(int64_t task, const std::string& run) const {
  // Begins a line of its own, whatever a full disk has left of the last one.
  std::ofstream(numbered(path_, "collected", task), std::ios::app) << '\n' + run + '\n';
}

std::optional<std::string> ArrayFolder::trained_state(const std::string& run) const {
  const fs::path file = path_ / ("trained-" + run);
  std::string state;
  std::ifstream in(file);
  if (!std::getline(in, state) || in.eof()) return std::nullopt;  // not there, or not whole
  return state;
}

std::set<std::string> ArrayFolder::collected(int64_t task) const {
  std::set<std::string> runs;
  std::ifstream in(numbered(path_, "collected", task));
  for (std::string run; std::getline(in, run);) {
    if (is_run_id(run)) runs.insert(std::move(run));
  }
  return runs;
}

void ArrayFolder::note_began(int64_t task) const {
  if (!write_file_unless_gone(numbered(path_, "began", task), ""))
    throw Error(fmt::format("{}: is removed, as --cancel does; sweep again", path_.string()));
}

bool ArrayFolder::began(int64_t task) const {
  return fs::exists(numbered(path_, "began", task));
}

bool ArrayFolder::any_began() const {
  return std::ranges::any_of(entries_of(path_), [](const fs::path& entry) {
    return entry.filename().string().starts_with("began-");
  });
}

fs::path ArrayFolder::log(std::optional<int64_t> task) const {
  if (!task) return literal(path_.string()) + "/task-%a.log";
  return path_ / fmt::format("task-{}.log", *task);
}

std::string ArrayFolder::last_words(int64_t task) const {
  std::ifstream in(log(task));
  std::string last;
  for (std::string line; std::getline(in, line);) {
    const bool tells_only_the_end =
        line.starts_with("srun: ") && line.find("Exited with exit code") != std::string::npos;
    if (!line.empty() && !tells_only_the_end) last = line;
  }
  return printable(last);
}

void ArrayFolder::remove() const {
  const fs::path removed = temporary_name(path_);  // in one step; what is written into it goes, too
  std::error_code is_gone;
  fs::rename(path_, removed, is_gone);
  fs::remove_all(removed, is_gone);
}

TaskFolder::TaskFolder(const fs::path& ledger)
    : ledger_(fs::absolute(ledger).lexically_normal()),
      path_(fs::path(ledger_).replace_filename(ledger_.filename().string() + ".slurm")) {}

ArrayFolder TaskFolder::make_array() const {
  std::error_code failure;
  fs::create_directories(outcomes(), failure);
  for (int64_t number = 1; !failure; ++number) {
    fs::path folder = numbered(path_, "array", number);
    if (fs::create_directory(folder, failure)) return ArrayFolder(std::move(folder));
  }
  throw Error(
      fmt::format("{}: cannot be written ({}); put the ledger where this machine and the nodes can write",
                  path_.string(), failure.message()));
}

std::vector<ArrayFolder> TaskFolder::arrays() const {
  std::vector<ArrayFolder> found;
  for (const fs::path& entry : entries_of(path_)) {
    const std::string name = entry.filename().string();
    if (name.starts_with("array-") && !is_temporary_name(name)) found.emplace_back(entry);
  }
  return found;
}

fs::path TaskFolder::outcome_file(const std::string& run, JobStage stage) const {
  return of_run(run) / (stage == JobStage::trained ? "trained" : "end");
}

bool TaskFolder::is_in_use() const {
  std::error_code failure;
  return fs::exists(path_, failure);
}

void TaskFolder::keep(const JobOutcome& outcome) const {
  std::error_code reported_below;
  fs::create_directories(of_run(outcome.run), reported_below);
  if (!outcome.prompt.empty())
    rename_durably(prompt_path(ledger_, outcome.run).parent_path() / outcome.prompt,
                   of_run(outcome.run) / outcome.prompt);
  write_file(outcome_file(outcome.run, outcome.stage), to_json_line(outcome) + '\n');
}

bool TaskFolder::has_end(const std::string& run) const {
  return fs::exists(outcome_file(run, JobStage::done));
}

std::vector<std::string> TaskFolder::runs_with_outcomes() const {
  std::vector<std::string> runs;
  for (const fs::path& folder : entries_of(outcomes())) runs.push_back(folder.filename());
  return runs;
}

std::optional<JobOutcome> TaskFolder::end_of(const std::string& run) const {
  try {
    return parse_job_outcome(read_lines(outcome_file(run, JobStage::done)).at(0));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<JobOutcome> TaskFolder::outcomes_of(const std::string& run) const {
  std::vector<JobOutcome> found;
  for (const JobStage stage : {JobStage::trained, JobStage::done}) {
    const fs::path file = outcome_file(run, stage);
    if (!fs::exists(file)) continue;
    try {
      found.push_back(parse_job_outcome(read_lines(file).at(0)));
      if (found.back().run != run) throw Error("it is of another run");
      if (!lend_prompt(found.back())) {
        forget(run);
        return {};
      }
    } catch (const std::exception& fault) {
      return {{.run = run,
               .stage = JobStage::failed,
               .error = fmt::format("{}: cannot be read ({}); sweep again", file.string(), fault.what())}};
    }
  }
  return found;
}

/// Puts a pending prompt where the queue expects it, and keeps it here: what the queue has taken is known
/// only when it says so. False if the prompt is not here.
bool TaskFolder::lend_prompt(const JobOutcome& outcome) const {
  if (outcome.prompt.empty()) return true;
  if (!is_temporary_name(outcome.prompt) || run_of_file(outcome.prompt) != outcome.run)
    throw Error("its prompt has no name of one");
  const fs::path kept = of_run(outcome.run) / outcome.prompt;
  const fs::path lent = prompt_path(ledger_, outcome.run).parent_path() / outcome.prompt;
  if (!fs::exists(kept)) return false;
  if (fs::exists(lent)) return true;
  std::error_code has_no_links;
  fs::create_hard_link(kept, lent, has_no_links);
  if (has_no_links) fs::copy_file(kept, lent);
  return true;
}

void TaskFolder::forget(const std::string& run) const {
  std::error_code is_gone;
  fs::remove_all(of_run(run), is_gone);
}

void TaskFolder::forget_training(const std::string& run) const {
  std::error_code is_gone;
  fs::remove(outcome_file(run, JobStage::trained), is_gone);
  for (const fs::path& file : entries_of(of_run(run))) {
    if (run_of_file(file) == run) fs::remove(file, is_gone);  // prompts: nothing else has the run's name
  }
  fs::remove(of_run(run), is_gone);  // if the end is not here yet
}

void TaskFolder::tidy() const {
  std::error_code failure;
  for (const fs::path& entry : entries_of(path_)) {
    if (is_temporary_name(entry.filename().string())) fs::remove_all(entry, failure);
  }
  if (arrays().empty() && runs_with_outcomes().empty()) fs::remove_all(path_, failure);
}

}  // namespace promptbed
