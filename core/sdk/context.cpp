#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/context.h>
#include <promptbed/error.h>
#include <promptbed/prompt_template.h>

#include <algorithm>

namespace promptbed {
namespace {

constexpr double kContextDeviation = 0.02;

int64_t count_tokens(const Tokenizer& tokenizer, const std::string& text) {
  return static_cast<int64_t>(tokenizer.encode(text).size());
}

}  // namespace

std::string spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Options resolve_context(Options options, const Setting& setting, const std::string& rest) {
  const int64_t given = options.integer("n_ctx");
  if (given < 0) throw Error(fmt::format("option n_ctx: {} is negative; give 0 or more", given));
  if (options.text("ctx_init").empty() && given == 0)
    options.set("ctx_init", OptionValue(setting.context_init));
  if (const std::string& words = options.text("ctx_init"); !words.empty()) {
    const int64_t counted = count_tokens(*setting.tokenizer, spoken(words));
    if (given != 0 && given != counted) {
      throw Error(fmt::format("ctx_init \"{}\" has {} tokens and n_ctx says {}; leave one of the two out",
                              words, counted, given));
    }
    if (counted == 0) throw Error(fmt::format("ctx_init \"{}\" has no token; give words, or n_ctx", words));
    options.set("n_ctx", OptionValue(counted));
  }
  check_prompt_lengths(setting, options.integer("n_ctx"), rest);
  return options;
}

void check_prompt_lengths(const Setting& setting, int64_t context_tokens, const std::string& rest) {
  for (const ClassNames* names : {&setting.class_names, &setting.new_class_names}) {
    for (const std::string& name : *names) {
      // Unsigned, since any count may be asked for.
      const uint64_t length = 2 + static_cast<uint64_t>(context_tokens) +
                              static_cast<uint64_t>(count_tokens(*setting.tokenizer, filled(rest, name)));
      if (length > static_cast<uint64_t>(setting.context_length)) {
        throw PromptTooLong(fmt::format(
            "class \"{}\": the prompt has {} tokens with {} of context and the model takes {}; use a shorter "
            "context",
            name, length, context_tokens, setting.context_length));
      }
    }
  }
}

Tensor initial_context(const Options& options, const Task& task, std::optional<int64_t> copies) {
  const std::string& words = options.text("ctx_init");
  if (!words.empty()) {
    const Tensor context = task.text_encoder->embed(task.tokenizer->encode(spoken(words)));
    return copies ? context.repeat({*copies, 1, 1}) : context;
  }
  std::vector<int64_t> shape = {options.integer("n_ctx"), task.text_encoder->width()};
  if (copies) shape.insert(shape.begin(), *copies);
  return at::empty(shape, torch::kFloat).normal_(0, kContextDeviation, task.generator).to(task.device);
}

void split_words(Options& options, const Setting& setting) {
  const int64_t count = options.integer("n_ctx");
  if (count < 0) throw Error(fmt::format("n_ctx {}: give 0 or more", count));
  const std::string words = spoken(options.text("ctx_init"));
  if (count == 0 || words.empty()) return;
  const auto tokens = [&](size_t end) { return count_tokens(*setting.tokenizer, words.substr(0, end)); };
  size_t end = words.size();
  while (end != std::string::npos && tokens(end) > count) end = words.find_last_of(' ', end - 1);
  if (end == std::string::npos || tokens(end) != count) {
    throw Error(
        fmt::format("n_ctx {}: no word of ctx_init \"{}\" ends there; give another number", count, words));
  }
  options.set("ctx_init", OptionValue(words.substr(0, end)));
  if (end < words.size())
    options.set("rest", OptionValue(words.substr(end + 1) + " " + options.text("rest")));
}

Tensor initial_tokens(const Task& task, int64_t count, int64_t width) {
  return at::empty({count, width}, torch::kFloat)
      .normal_(0, kContextDeviation, task.generator)
      .to(task.device)
      .requires_grad_();
}

NamePosition parse_name_position(const std::string& word) {
  if (word == "end") return NamePosition::end;
  if (word == "middle") return NamePosition::middle;
  if (word == "front") return NamePosition::front;
  throw Error(fmt::format("no class-token position \"{}\"; known: end, middle, front", word));
}

ContextPrompts::ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                               NamePosition position)
    : ContextPrompts(task, class_names, context_tokens, position, kNameAlone) {}

ContextPrompts::ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                               const std::string& rest)
    : ContextPrompts(task, class_names, context_tokens, NamePosition::end, rest) {}

ContextPrompts::ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                               NamePosition position, const std::string& rest)
    : context_tokens_(context_tokens), position_(position) {
  std::vector<int64_t> tokens;
  for (const std::string& name : class_names) {
    const auto sentence = task.tokenizer->encode(filled(rest, name));
    tokens.insert(tokens.end(), sentence.begin(), sentence.end());
    tokens.push_back(task.tokenizer->end_of_text());
    lengths_.push_back(static_cast<int64_t>(sentence.size()) + 1);
    name_lengths_.push_back(count_tokens(*task.tokenizer, spoken(name)));
  }
  const int64_t start = task.tokenizer->start_of_text();
  start_ = task.text_encoder->embed(std::span(&start, 1));
  names_ = task.text_encoder->embed(tokens);
  shared_ = suffixes_with(context_tokens_ - leading_tokens(), /*own=*/false);
  own_ = suffixes_with(context_tokens_, /*own=*/true);
}

/// Whatever precedes the name is the same for all classes that share a context, and belongs to the prefix.
int64_t ContextPrompts::leading_tokens() const {
  return position_ == NamePosition::end      ? context_tokens_
         : position_ == NamePosition::middle ? context_tokens_ / 2
                                             : 0;
}

/// With so many context vectors in each class's suffix: the same, or its own.
ContextPrompts::Suffixes ContextPrompts::suffixes_with(int64_t vectors, bool own) const {
  Suffixes suffixes{.order = {}, .lengths = lengths_};
  if (vectors == 0) return suffixes;
  const int64_t before = own ? leading_tokens() : 0;
  std::vector<int64_t> rows;
  const auto append = [&rows](int64_t first, int64_t count) {
    for (int64_t row = first; row < first + count; ++row) rows.push_back(row);
  };
  int64_t name = 0, vector = names_.size(0);
  for (size_t k = 0; k < lengths_.size(); ++k) {
    append(vector, before);
    append(name, name_lengths_[k]);
    append(vector + before, vectors - before);
    append(name + name_lengths_[k], lengths_[k] - name_lengths_[k]);
    name += lengths_[k];
    if (own) vector += vectors;
    suffixes.lengths[k] += vectors;
  }
  suffixes.order = torch::tensor(rows, torch::kLong).to(names_.device(), /*non_blocking=*/true);
  return suffixes;
}

PromptBatch ContextPrompts::with_shared(const Tensor& context) const {
  const int64_t leading = leading_tokens();
  return assemble(context.narrow(-2, 0, leading), context.narrow(-2, leading, context_tokens_ - leading),
                  shared_);
}

PromptBatch ContextPrompts::with_own(const Tensor& context) const {
  return assemble(names_.narrow(0, 0, 0), context, own_);
}

/// Prompts with the `leading` vectors in the prefix and the others in each class's suffix.
PromptBatch ContextPrompts::assemble(const Tensor& leading, const Tensor& context,
                                     const Suffixes& suffixes) const {
  const Tensor batched = leading.dim() == 3 ? leading : leading.unsqueeze(0);
  PromptBatch prompts;
  prompts.prefix = at::cat({start_.expand({batched.size(0), 1, -1}), batched}, 1);
  prompts.suffix_lengths = suffixes.lengths;
  prompts.suffix =
      suffixes.order.defined()
          ? at::cat({names_, context.reshape({-1, context.size(-1)})}).index_select(0, suffixes.order)
          : names_;
  return prompts;
}

}  // namespace promptbed
