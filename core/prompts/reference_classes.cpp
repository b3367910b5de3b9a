#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/context.h>
#include <promptbed/error.h>

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

#include "prompts/reference_checkpoint.h"
#include "tokenizer/vocabulary.h"

namespace promptbed {
namespace {

/// Finds tokens by their embeddings, which a checkpoint holds as its trainer rounded them.
class TokensByEmbedding {
 public:
  explicit TokensByEmbedding(const Tensor& embedding) {
    const Tensor rounded = embedding.to(torch::kHalf).contiguous();
    for (int64_t token = 0; token < rounded.size(0); ++token) tokens_.emplace(key(rounded[token]), token);
  }

  /// The token of a vector [W]; -1 if there is none.
  int64_t find(const Tensor& vector) const {
    const auto found = tokens_.find(key(vector.to(torch::kHalf).contiguous()));
    return found == tokens_.end() ? -1 : found->second;
  }

 private:
  static std::string key(const Tensor& halves) {
    return {static_cast<const char*>(halves.data_ptr()), halves.nbytes()};
  }

  std::unordered_map<std::string, int64_t> tokens_;
};

/// The tokens of "name ." that a class's suffix [S, W] begins with. Throws Error if they are not the model's.
std::vector<int64_t> sentence_in(const Tensor& suffix, const TokensByEmbedding& tokens, int64_t end_of_text,
                                 const std::string& file) {
  std::vector<int64_t> sentence;
  for (int64_t place = 0; place < suffix.size(0); ++place) {
    const int64_t token = tokens.find(suffix[place]);
    if (token < 0)
      throw Error(
          fmt::format("{}: its class names have embeddings that are not the model's; give the model that it "
                      "was trained with",
                      file));
    if (token == end_of_text) return sentence;
    sentence.push_back(token);
  }
  return sentence;
}

/// The sentences of all classes; none if the checkpoint has no embeddings.
std::vector<std::vector<int64_t>> sentences_in(const ReferenceCheckpoint& checkpoint,
                                               const ClipModel& model) {
  std::vector<std::vector<int64_t>> sentences;
  if (!checkpoint.suffix.defined() || checkpoint.suffix.dim() != 3) return sentences;
  const TokensByEmbedding tokens(model.checkpoint().at("token_embedding.weight"));
  const int64_t end_of_text = model.tokenizer()->end_of_text();
  for (int64_t label = 0; label < checkpoint.suffix.size(0); ++label)
    sentences.push_back(sentence_in(checkpoint.suffix[label], tokens, end_of_text, checkpoint.origin.file));
  return sentences;
}

/// "of a " of the fixed words "of a".
std::string before_names(const ReferenceCheckpoint& checkpoint) {
  return checkpoint.learned.words.empty() ? "" : checkpoint.learned.words + " ";
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Whether people write no blank between these two characters. The tokenizer splits at both: its tokens say
/// nothing of what was there.
bool are_written_together(char left, char right) {
  constexpr std::string_view kBetween = "-/'", kBefore = ").,", kAfter = "(";
  return (is_digit(left) && is_digit(right)) || kBetween.find(left) != std::string_view::npos ||
         kBetween.find(right) != std::string_view::npos || kBefore.find(right) != std::string_view::npos ||
         kAfter.find(left) != std::string_view::npos;
}

/// "2012 polka-dotted" of "2 0 1 2 polka - dotted": without the blanks that people do not write, if the
/// tokens stay the same.
std::string without_blanks_between(const std::string& words, const Tokenizer& tokenizer) {
  const auto tokens = tokenizer.encode(words);
  std::string text = words;
  for (size_t blank = text.find(' '); blank != std::string::npos; blank = text.find(' ', blank)) {
    if (blank > 0 && blank + 1 < text.size() && are_written_together(text[blank - 1], text[blank + 1])) {
      std::string closer = text;
      closer.erase(blank, 1);
      if (tokenizer.encode(closer) == tokens) {
        text = std::move(closer);
        continue;  // with what is in the blank's place now
      }
    }
    ++blank;
  }
  return text;
}

/// "yin yang" of the tokens of "yin yang .", or of "of a yin yang ." if all prompts have these words.
std::string name_of(const std::vector<int64_t>& sentence, const std::vector<VocabularyToken>& vocabulary,
                    const std::string& before) {
  std::string name = joined(sentence, vocabulary);
  if (name.starts_with(before)) name.erase(0, before.size());
  if (name.ends_with('.')) name.pop_back();
  name.erase(name.find_last_not_of(' ') + 1);
  return name;
}

void check_count(size_t classes, size_t expected, const std::string& file) {
  if (classes == expected) return;
  throw Error(
      fmt::format("{}: was trained on {} classes, not {}; name those with --dataset and --classes, or "
                  "--class-names",
                  file, expected, classes));
}

}  // namespace

ClassNames class_names_in(const ReferenceCheckpoint& checkpoint, const ClipModel& model) {
  ClassNames names;
  const auto sentences = sentences_in(checkpoint, model);
  if (sentences.empty()) return names;
  const auto vocabulary = vocabulary_of(read_merges(model.path()));
  for (const auto& sentence : sentences) {
    names.push_back(
        without_blanks_between(name_of(sentence, vocabulary, before_names(checkpoint)), *model.tokenizer()));
    if (model.tokenizer()->encode(before_names(checkpoint) + names.back() + ".") != sentence) return {};
  }
  return names;
}

void check_classes(const ReferenceCheckpoint& checkpoint, const ClassNames& class_names,
                   const ClipModel& model) {
  const std::string& file = checkpoint.origin.file;
  if (checkpoint.context().dim() == 3)
    check_count(class_names.size(), static_cast<size_t>(checkpoint.context().size(0)), file);
  const auto sentences = sentences_in(checkpoint, model);
  if (sentences.empty()) return;
  check_count(class_names.size(), sentences.size(), file);
  for (size_t label = 0; label < sentences.size(); ++label) {
    const std::string sentence = before_names(checkpoint) + spoken(class_names[label]) + ".";
    if (model.tokenizer()->encode(sentence) == sentences[label]) continue;
    const auto vocabulary = vocabulary_of(read_merges(model.path()));
    throw Error(fmt::format(
        "{}: class {} that it was trained on is '{}', not '{}'; name its classes in that order", file, label,
        without_blanks_between(name_of(sentences[label], vocabulary, before_names(checkpoint)),
                               *model.tokenizer()),
        class_names[label]));
  }
}

}  // namespace promptbed
