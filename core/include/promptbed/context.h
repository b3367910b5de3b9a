#pragma once

#include <promptbed/export.h>
#include <promptbed/options.h>
#include <promptbed/task.h>

#include <optional>
#include <string>
#include <vector>

/// What CoOp-style methods share: the options of a learned context, its initial values, and prompts that use
/// it.
namespace promptbed {

/// A class name as it appears in a prompt: underscores become spaces.
PROMPTBED_EXPORT std::string spoken(std::string class_name);

/// The two options that initialise a context, for a method's OptionSpec table.
///   n_ctx     the number of context tokens, or 0; without ctx_init the vectors are random
///   ctx_init  words to start from, or ""
/// @{
inline constexpr OptionSpec kContextTokens = {
    "n_ctx", OptionType::integer, "0",
    "context tokens, drawn at random; 0: as many as the context words have"};
inline constexpr OptionSpec kContextWords = {
    "ctx_init", OptionType::text, "", "words to start from; default: the dataset's, unless n_ctx is given"};
/// @}

/// What follows a learned context in CoOp's prompts; {} is the class name.
inline constexpr const char* kNameAlone = "{}.";

/// Resolves n_ctx and ctx_init for a setting: words win, and default to the dataset's if neither is given;
/// n_ctx becomes their token count. Throws Error if both are given and differ, PromptTooLong if a class's
/// prompt, the context and `rest`, does not fit.
PROMPTBED_EXPORT Options resolve_context(Options options, const Setting& setting,
                                         const std::string& rest = kNameAlone);

/// For methods that learn only the first tokens of their words ("a photo" of "a photo of a"): if both options
/// are given, moves the words behind the first n_ctx tokens from ctx_init to the front of the option `rest`,
/// a text with {} for the class name. Throws Error for a negative n_ctx, and if no word ends where it says.
PROMPTBED_EXPORT void split_words(Options& options, const Setting& setting);

/// Throws PromptTooLong, naming the class, if the prompt of a trained or new class with M context tokens is
/// too long for the model.
PROMPTBED_EXPORT void check_prompt_lengths(const Setting& setting, int64_t context_tokens,
                                           const std::string& rest = kNameAlone);

/// Initial context [M, W], or [copies, M, W] if given: embeddings of the words in the resolved options, or
/// draws from N(0, 0.02) (arXiv 2109.01134, section 4.1) with the task's generator.
PROMPTBED_EXPORT Tensor initial_context(const Options& options, const Task& task,
                                        std::optional<int64_t> copies = {});

/// Learned tokens [count, W] of a tower, drawn from N(0, 0.02) with the task's generator; they require
/// gradients.
PROMPTBED_EXPORT Tensor initial_tokens(const Task& task, int64_t count, int64_t width);

/// Where the class name goes among the context tokens.
enum class NamePosition { end, middle, front };

/// From "end", "middle" or "front". Throws Error for anything else.
PROMPTBED_EXPORT NamePosition parse_name_position(const std::string& word);

/// Turns context vectors into prompts for a list of classes.
///
///     end     [SOS] v1 ... vM name . [EOS]
///     middle  [SOS] v1 .. vM/2 name vM/2+1 .. vM . [EOS]
///     front   [SOS] name v1 ... vM . [EOS]
class PROMPTBED_EXPORT ContextPrompts {
 public:
  /// Tokenises the names, underscores read as spaces.
  ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                 NamePosition position = NamePosition::end);

  /// The same with other words behind the context: "person doing {}." With the name among the context tokens
  /// those would have no place.
  ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                 const std::string& rest);

  /// Prompts with a context [M, W] that all classes share, or [B, M, W] conditioned on the image (position
  /// end only).
  PromptBatch with_shared(const Tensor& context) const;

  /// Prompts with a context for each class, [K, M, W].
  PromptBatch with_own(const Tensor& context) const;

 private:
  ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                 NamePosition position, const std::string& rest);

  /// The suffixes of all classes.
  struct Suffixes {
    Tensor order;                  // [S] int64: rows of [names; context vectors]; undefined: the names alone
    std::vector<int64_t> lengths;  // of each class
  };

  int64_t leading_tokens() const;
  Suffixes suffixes_with(int64_t vectors, bool own) const;
  PromptBatch assemble(const Tensor& leading, const Tensor& context, const Suffixes& suffixes) const;

  int64_t context_tokens_;
  NamePosition position_;
  Tensor start_;                                 // [1, W]
  Tensor names_;                                 // [T, W]: "name . [EOS]" of each class, packed
  std::vector<int64_t> name_lengths_, lengths_;  // tokens of the name alone, and of all that follows
  Suffixes shared_, own_;
};

}  // namespace promptbed
