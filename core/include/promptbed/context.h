#pragma once

#include <promptbed/export.h>
#include <promptbed/options.h>
#include <promptbed/task.h>

#include <optional>
#include <string>
#include <vector>

/// What CoOp-style methods share: the options of a learned context, its first values, and the prompts built
/// with it.
namespace promptbed {

/// A class name as a prompt says it: underscores are spaces.
PROMPTBED_EXPORT std::string spoken(std::string class_name);

/// The two options that say how a context starts. Put them into a method's OptionSpec table.
///   n_ctx     0 or the number of context tokens; alone it means random vectors
///   ctx_init  "" or the words that the context starts from
inline constexpr OptionSpec kContextTokens = {
    "n_ctx", OptionType::integer, "0",
    "context tokens, drawn at random; 0: as many as the context words have"};
inline constexpr OptionSpec kContextWords = {
    "ctx_init", OptionType::text, "", "words to start from; default: the dataset's, unless n_ctx is given"};

/// Settles n_ctx and ctx_init for a setting: words win, and default to the dataset's where neither is given;
/// n_ctx becomes their token count. Throws Error where both are given and differ, and where a class's prompt
/// is too long.
PROMPTBED_EXPORT Options resolve_context(Options options, const Setting& setting);

/// Throws PromptTooLong naming the first class, trained or unseen, whose prompt with M context tokens is too
/// long for the model.
PROMPTBED_EXPORT void check_prompt_lengths(const Setting& setting, int64_t context_tokens);

/// First values of the context, [M, W], or [copies, M, W] where given: embeddings of the words of resolved
/// options, or draws from N(0, 0.02) (arXiv 2109.01134, section 4.1) with the task's generator.
PROMPTBED_EXPORT Tensor initial_context(const Options& options, const Task& task,
                                        std::optional<int64_t> copies = {});

/// Where the class name stands among the context tokens.
enum class NamePosition { end, middle, front };

/// "end", "middle" or "front"; throws Error for anything else.
PROMPTBED_EXPORT NamePosition parse_name_position(const std::string& word);

/// Turns context vectors into prompts, for one list of classes.
///
///     end     [SOS] v1 ... vM name . [EOS]
///     middle  [SOS] v1 .. vM/2 name vM/2+1 .. vM . [EOS]
///     front   [SOS] name v1 ... vM . [EOS]
class PROMPTBED_EXPORT ContextPrompts {
 public:
  /// Tokenises the names, underscores read as spaces.
  ContextPrompts(const Task& task, const ClassNames& class_names, int64_t context_tokens,
                 NamePosition position = NamePosition::end);

  /// Prompts with a context [M, W] that all classes share, or [B, M, W] conditioned on the image (position
  /// end only).
  PromptBatch with_shared(const Tensor& context) const;

  /// Prompts with a context of its own for each class, [K, M, W].
  PromptBatch with_own(const Tensor& context) const;

 private:
  PromptBatch assemble(const Tensor& leading, const Tensor& context, bool own) const;

  int64_t context_tokens_;
  NamePosition position_;
  Tensor start_;                                 // [1, W]
  Tensor names_;                                 // [T, W]: "name . [EOS]" of each class, packed
  std::vector<int64_t> name_lengths_, lengths_;  // tokens of the name alone, and with "." and EOS
};

}  // namespace promptbed
