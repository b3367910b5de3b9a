#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>

#include "cli/arguments.h"
#include "cli/command.h"
#include "results/ledger.h"
#include "report/render_text.h"
#include "sweep/workbench.h"

namespace promptbed {
namespace {

const Usage kUsage = {
    "runner runs list|delete [ID...] [OPTIONS]",
    "list shows the runs in the ledger; delete takes runs out, with their scores and trained prompts, so\n"
    "that the next sweep does them again. The beginning of an id will do where it is the only one."};

void list_runs(const Ledger& ledger) {
  std::map<std::string, std::map<std::string, std::string>> accuracies;  // run -> class set -> percent
  for (const RunScore& entry : ledger.scores())
    accuracies[entry.run][entry.score.class_set] = fmt::format("{:.2f}", entry.score.accuracy);
  for (const RunRefusal& entry : ledger.refusals())
    accuracies[entry.run].emplace(entry.refusal.class_set, "cannot");
  Table table;
  table.title = fmt::format("runs in {}", ledger.path().string());
  table.columns = {{"Id", Alignment::left},
                   {"Method", Alignment::left},
                   {"Dataset", Alignment::left},
                   {"Shots"},
                   {"Seed"},
                   {"Status", Alignment::left},
                   {"Base"},
                   {"New"},
                   {"Ended (UTC)", Alignment::left}};
  for (const RunRecord& run : ledger.list()) {
    const bool trained = !run.spec.classes.empty();
    const auto accuracy = [&](const char* set) {
      const auto& of_run = accuracies[run.id];
      return of_run.contains(set) ? of_run.at(set) : "-";
    };
    table.rows.push_back({run.id, run.spec.method, run.spec.dataset,
                          trained ? std::to_string(run.spec.shots) : "-",
                          trained ? std::to_string(run.spec.seed) : "-", std::string(to_string(run.status)),
                          accuracy("base"), accuracy("new"), run.ended});
    if (run.status == RunStatus::failed) table.notes.push_back(fmt::format("{}: {}", run.id, run.error));
  }
  fmt::print("{}", render_text(table, {.width = 140}));
}

void delete_runs(Ledger& ledger, const Arguments& ids) {
  if (ids.empty()) throw Error("runner runs delete needs the ids of runs; see runner runs list");
  for (const std::string& id : ids) {
    const std::string removed = ledger.remove(id);
    std::filesystem::remove(prompt_path(ledger.path(), removed));
    fmt::print("deleted {}\n", removed);
  }
}

}  // namespace

int runs_command(const Arguments& arguments) {
  options::options_description described("options", 110, 60);
  described.add_options()(
      "db", options::value<std::string>()->value_name("FILE")->default_value("runs/promptbed.db"),
      "ledger of runs and scores");
  const auto values = parse_arguments(arguments, described, kUsage, /*takes_words=*/true);
  if (!values) return kAllDone;
  auto words = values->count("words") > 0 ? (*values)["words"].as<Arguments>() : Arguments();
  if (words.empty() || (words[0] != "list" && words[0] != "delete")) {
    throw Error("runner runs needs a word: list, or delete and ids");
  }
  Ledger ledger = Ledger::open_existing((*values)["db"].as<std::string>());
  if (words[0] == "list") {
    list_runs(ledger);
  } else {
    delete_runs(ledger, {words.begin() + 1, words.end()});
  }
  return kAllDone;
}

}  // namespace promptbed
