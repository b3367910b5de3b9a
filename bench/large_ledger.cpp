// Makes a ledger of many finished runs: promptbed_large_ledger FILE RUNS. Their numbers mean nothing;
// scripts/scale.sh measures how long reading them takes.
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>

#include "base/hash.h"
#include "results/ledger_file.h"
#include "results/ledger_seals.h"
#include "results/ledger_sql.h"
#include "results/sample_runs.h"

namespace promptbed {
namespace {

constexpr const char* kMethods[] = {"coop", "cocoop", "csc", "linear_probe", "tip_adapter"};
constexpr int64_t kShots[] = {1, 2, 4, 8, 16};
constexpr int64_t kDatasets = 10, kEpochs = 10;

RunSpec spec_of(int64_t number) {
  const auto take = [&](int64_t count) {
    const int64_t place = number % count;
    number /= count;
    return place;
  };
  const char* method = kMethods[take(std::size(kMethods))];
  const std::string dataset = fmt::format("dataset_{}", take(kDatasets));
  RunSpec spec = test::sample_spec(dataset, 1, method);
  spec.shots = kShots[take(std::size(kShots))];
  spec.seed = number + 1;
  spec.images = {{"test", Hasher().add(dataset).hex()},
                 {"train", Hasher().add(dataset).add(spec.shots).add(spec.seed).hex()}};
  return spec;
}

RunOutcome outcome_of(const RunSpec& spec) {
  RunOutcome outcome = test::sample_outcome(spec.dataset, 60 + static_cast<double>(spec.seed % 40) / 2, 50);
  for (Score& score : outcome.scores) score.split_hash = spec.split_hash;
  outcome.epochs.resize(kEpochs, outcome.epochs[0]);
  for (int64_t epoch = 0; epoch < kEpochs; ++epoch) outcome.epochs[static_cast<size_t>(epoch)].epoch = epoch;
  outcome.execution.seconds = {{"set-up", 0.5}, {"training", 12.25}, {"evaluation", 1.5}};
  return outcome;
}

void fill(const std::filesystem::path& path, int64_t runs) {
  LedgerDatabase database = open_for_writing(path);
  SQLite::Transaction transaction(database);
  for (int64_t number = 0; number < runs; ++number) {
    const RunSpec spec = spec_of(number);
    const std::string id = spec.id();
    const RunOutcome outcome = outcome_of(spec);
    insert_run(database, id, spec);
    set_owner(database, id, this_process());
    insert_asked(database, id, "base-new");
    write_training(database, id, outcome);
    add_tests(database, id, outcome);
    seal_new_rows(database, {id});
  }
  transaction.commit();
}

}  // namespace
}  // namespace promptbed

int main(int count, char** words) {
  if (count != 3) {
    fmt::print(stderr, "usage: promptbed_large_ledger FILE RUNS\n");
    return 2;
  }
  try {
    promptbed::fill(words[1], std::atoll(words[2]));
  } catch (const std::exception& fault) {
    fmt::print(stderr, "promptbed_large_ledger: {}\n", fault.what());
    return 1;
  }
}
