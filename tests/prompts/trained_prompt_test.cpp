#include "prompts/trained_prompt.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "clip/checkpoints/safetensors.h"
#include "results/run_record.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

TrainedPrompt sample_prompt() {
  return {.run = test::sample_spec(),
          .class_names = {"yin_yang", "Bücher, \"alt\""},
          .state = {{"ctx", at::arange(8, torch::kFloat).view({2, 4})}, {"labels", at::arange(3)}}};
}

class TrainedPrompts : public testing::Test {
 protected:
  TrainedPrompt written_and_read(const TrainedPrompt& prompt) const {
    write_trained_prompt(path_, prompt);
    return read_trained_prompt(path_);
  }

  test::ScratchFolder scratch_;
  const std::filesystem::path path_ = scratch_ / "prompts/one.safetensors";
};

TEST_F(TrainedPrompts, ComeBackAsTheyWereWritten) {
  const TrainedPrompt prompt = sample_prompt(), read = written_and_read(prompt);
  EXPECT_EQ(read.run.id(), prompt.run.id());
  EXPECT_EQ(read.class_names, prompt.class_names);
  ASSERT_EQ(read.state.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.state[i].first, prompt.state[i].first);
    EXPECT_EQ(read.state[i].second.scalar_type(), prompt.state[i].second.scalar_type());
    EXPECT_TRUE(at::equal(read.state[i].second, prompt.state[i].second));
  }
  EXPECT_FALSE(read.origin);
}

TEST_F(TrainedPrompts, KeepWhereTheyWereImportedFrom) {
  TrainedPrompt prompt = sample_prompt();
  prompt.origin = PromptOrigin{"model.pth.tar-50", 50};
  EXPECT_EQ(written_and_read(prompt).origin->epoch, 50);
  prompt.origin->epoch.reset();
  const auto origin = written_and_read(prompt).origin;
  EXPECT_EQ(origin->file, "model.pth.tar-50");
  EXPECT_FALSE(origin->epoch);
}

TEST_F(TrainedPrompts, ThatWereDamagedAreNoticedWhereverItHappened) {
  write_trained_prompt(path_, sample_prompt());
  EXPECT_TRUE(read_trained_prompt(path_).has_hash);
  const std::string whole = read_file(path_);
  for (size_t place = 0; place < whole.size(); ++place) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ (1 << (place % 8)));
    write_file(path_, changed);
    try {
      const TrainedPrompt read = read_trained_prompt(path_);
      // The word "contents_hash" itself was damaged, or nothing that means anything.
      EXPECT_EQ(read.run.id(), sample_prompt().run.id()) << place;
      EXPECT_EQ(read.class_names, sample_prompt().class_names) << place;
      EXPECT_TRUE(at::equal(read.state.at(0).second, sample_prompt().state[0].second)) << place;
    } catch (const Error& fault) {
      EXPECT_NE(std::string(fault.what()).find("one.safetensors"), std::string::npos) << fault.what();
    }
  }
}

TEST_F(TrainedPrompts, OfEarlierVersionsHaveNoHash) {
  write_safetensors(path_, {{"ctx", at::ones({1, 2})}}, {{"run", test::sample_spec().canonical().dump()}});
  EXPECT_FALSE(read_trained_prompt(path_).has_hash);
  write_safetensors(path_, {{"ctx", at::ones({1, 2})}},
                    {{"run", test::sample_spec().canonical().dump()}, {"contents_hash", "0123"}});
  EXPECT_ERROR(read_trained_prompt(path_),
               "one.safetensors: is damaged (it does not match its hash); restore a copy, or train it again "
               "with --force");
}

TEST_F(TrainedPrompts, OfTheFirstVersionHaveNoClassNames) {
  write_safetensors(path_, {{"ctx", at::ones({1, 2})}}, {{"run", test::sample_spec().canonical().dump()}});
  EXPECT_TRUE(read_trained_prompt(path_).class_names.empty());
}

TEST_F(TrainedPrompts, AreToldFromOtherFiles) {
  EXPECT_ERROR(read_trained_prompt(path_), "one.safetensors: no such trained prompt");
  EXPECT_ERROR(read_trained_prompt("/dev/null"),
               "/dev/null: is not a regular file; give the file of a trained prompt");
  write_file(path_, "PK\3\4 and more");
  EXPECT_ERROR(read_trained_prompt(path_), "is a checkpoint of torch.save; make a trained prompt of it with");
  write_safetensors(path_, {{"ctx", at::ones({1, 2})}});
  EXPECT_ERROR(read_trained_prompt(path_), "one.safetensors: is not a trained prompt");
  write_safetensors(path_, {{"ctx", at::ones({1, 2})}}, {{"run", "{"}});
  EXPECT_ERROR(read_trained_prompt(path_), "one.safetensors: run: is not JSON; fix or replace the file");
  write_safetensors(path_, {{"ctx", at::ones({1, 2})}}, {{"run", R"({"model": 3})"}});
  EXPECT_ERROR(read_trained_prompt(path_), "one.safetensors: run spec:");
  auto truncated = sample_prompt();
  write_trained_prompt(path_, truncated);
  const std::string contents = read_file(path_);
  write_file(path_, contents.substr(0, contents.size() - 1));
  EXPECT_ERROR(read_trained_prompt(path_), "one.safetensors: is damaged");
}

TEST_F(TrainedPrompts, AreNamedByTheirFileOrTheirRun) {
  const std::filesystem::path ledger_file = scratch_ / "ledger.db";
  Ledger ledger(ledger_file);
  test::record(ledger, test::sample_spec(), 60, 50);
  test::record(ledger, test::zero_shot_spec(), 60, 50);
  ledger.claim(test::sample_spec("brands", 2));
  const std::string id = test::sample_spec().id();
  EXPECT_ERROR(find_prompt(id, ledger_file), "is missing; train it again with --force");
  write_trained_prompt(prompt_path(ledger_file, id), sample_prompt());
  EXPECT_EQ(find_prompt(id.substr(0, 8), ledger_file), prompt_path(ledger_file, id));
  EXPECT_EQ(find_prompt(prompt_path(ledger_file, id).string(), "no/ledger.db"), prompt_path(ledger_file, id));
  EXPECT_ERROR(find_prompt(test::zero_shot_spec().id(), ledger_file),
               "does not train; use --method clip_zeroshot");
  EXPECT_ERROR(find_prompt(test::sample_spec("brands", 2).id(), ledger_file),
               "is running; it has a prompt once it is done");
  EXPECT_ERROR(find_prompt("mine.safetensors", ledger_file), "mine.safetensors: no such trained prompt");
  EXPECT_ERROR(find_prompt(id, "no/ledger.db"), "no such trained prompt");
}

}  // namespace
}  // namespace promptbed
