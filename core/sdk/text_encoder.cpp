#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <promptbed/text_encoder.h>

namespace promptbed {

PromptBatch prompts_of_texts(const TextEncoder& encoder, const Tokenizer& tokenizer,
                             std::span<const std::string> texts) {
  PromptBatch prompts;
  std::vector<int64_t> suffix;
  for (const std::string& text : texts) {
    const auto tokens = tokenizer.encode(text);
    const auto length = static_cast<int64_t>(tokens.size()) + 2;
    if (length > encoder.context_length()) {
      throw Error(fmt::format("\"{}\" has {} tokens and the model takes {}; shorten it", text, length,
                              encoder.context_length()));
    }
    suffix.insert(suffix.end(), tokens.begin(), tokens.end());
    suffix.push_back(tokenizer.end_of_text());
    prompts.suffix_lengths.push_back(length - 1);
  }
  const int64_t start = tokenizer.start_of_text();
  prompts.prefix = encoder.embed(std::span(&start, 1)).unsqueeze(0);
  prompts.suffix = encoder.embed(suffix);
  return prompts;
}

Tensor encode_texts(const TextEncoder& encoder, const Tokenizer& tokenizer,
                    std::span<const std::string> texts) {
  return encoder.encode(prompts_of_texts(encoder, tokenizer, texts)).squeeze(0);
}

}  // namespace promptbed
