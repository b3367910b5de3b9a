#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <thread>

#include "base/blas.h"
#include "base/signals.h"
#include "pretraining.h"

namespace {

namespace options = boost::program_options;
using promptbed::pocket::PretrainingJob;
using promptbed::pocket::PretrainingRecipe;

options::options_description describe(PretrainingRecipe& recipe, PretrainingJob& job) {
  options::options_description described(
      "usage: pocket_pretrain --pairs FOLDER --output FOLDER [OPTIONS]\n\n"
      "Pre-trains the pocket suite's CLIP on the pairs that tools/pocket/pairs.mjs wrote, and writes it in "
      "the\n"
      "Hugging Face layout. The same command goes on where an earlier one stopped");
  auto add = described.add_options();
  add("pairs", options::value(&job.pairs)->required()->value_name("FOLDER"), "pictures.bin and pairs.jsonl");
  add("output", options::value(&job.output)->required()->value_name("FOLDER"),
      "the model; training/ in it keeps the state");
  add("passes", options::value(&recipe.passes)->default_value(recipe.passes, "8")->value_name("X"),
      "over all pairs; with more of them, a model goes on from before its decay");
  add("batch", options::value(&recipe.batch)->default_value(recipe.batch)->value_name("N"), "pairs a step");
  add("lr",
      options::value(&recipe.learning_rate)->default_value(recipe.learning_rate, "0.001")->value_name("X"),
      "highest learning rate");
  add("seen-patches",
      options::value(&recipe.seen_patches)->default_value(recipe.seen_patches, "0.5")->value_name("X"),
      "share of a picture that is seen, but for the last steps");
  add("seed", options::value(&recipe.seed)->default_value(recipe.seed)->value_name("N"),
      "of weights, order and augmentation");
  add("bf16", "multiply in bf16, where the processor is fast at it (AVX512-BF16, AMX)");
  add("threads",
      options::value(&job.threads)
          ->default_value(std::max(1u, std::thread::hardware_concurrency()))
          ->value_name("N"),
      "lanes that share a step's work");
  add("chunk", options::value(&job.chunk)->default_value(job.chunk)->value_name("N"),
      "pairs whose activations are in memory at once, a few MB each; a larger batch is computed chunk by "
      "chunk, in a third more time");
  add("help,h", "show this help");
  return described;
}

/// Throws Error naming the option.
void check_range(const char* option, int64_t value, int64_t most) {
  if (value < 1 || value > most)
    throw promptbed::Error(fmt::format("--{} {}: give 1 to {}", option, value, most));
}

/// Throws Error naming the option.
void check_range(const char* option, double value, double least, double most) {
  if (!(value >= least && value <= most))
    throw promptbed::Error(fmt::format("--{} {}: give {} to {}", option, value, least, most));
}

int run(int count, char** words) {
  PretrainingRecipe recipe;
  PretrainingJob job;
  const options::options_description described = describe(recipe, job);
  options::variables_map values;
  options::store(options::parse_command_line(count, words, described), values);
  if (values.count("help") > 0) {
    std::cout << described;
    return 0;
  }
  options::notify(values);
  check_range("passes", recipe.passes, 0.01, 1000.0);
  check_range("lr", recipe.learning_rate, 1e-6, 1.0);
  check_range("seen-patches", recipe.seen_patches, 0.01, 1.0);
  check_range("batch", recipe.batch, 65536);
  check_range("threads", job.threads, 1024);
  check_range("chunk", job.chunk, 65536);
  if (values.count("bf16") > 0) job.precision = promptbed::Precision::bf16;
  at::set_num_threads(1);  // the lanes are the threads
  promptbed::watch_for_interrupts();
  promptbed::pocket::pretrain(recipe, job);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  promptbed::restart_with_suitable_kernels(words);
  try {
    return run(count, words);
  } catch (const promptbed::Interrupted&) {
    fmt::print(stderr, "interrupted; the same command goes on from here\n");
    return 130;
  } catch (const options::error& fault) {
    fmt::print(stderr, "error: {}; see --help\n", fault.what());
  } catch (const std::exception& fault) {
    fmt::print(stderr, "error: {}\n", fault.what());
  }
  return 2;
}
