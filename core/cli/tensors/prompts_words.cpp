#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/json_text.h"
#include "cli/tensors/input_options.h"
#include "cli/tensors/named_prompt.h"
#include "cli/tensors/prompts_commands.h"
#include "prompts/classifier.h"
#include "prompts/nearest_tokens.h"
#include "table/render.h"
#include "tokenizer/vocabulary.h"

namespace promptbed {
namespace {

constexpr int64_t kMostWords = 1'000'000;

/// One learned vector, and the tokens that are nearest to it.
struct ReadVector {
  std::string class_name;  ///< of a class-specific context; otherwise ""
  int64_t place = 0;       ///< in the context, from 0
  std::vector<NearToken> nearest;
};

const Tensor& context_of(const TrainedPrompt& prompt) {
  const auto found = std::ranges::find_if(prompt.state, [](const auto& entry) {
    return entry.first == "ctx" || entry.first.ends_with(".ctx");  // its own, or that of the method it wraps
  });
  if (found == prompt.state.end() || found->second.dim() < 2 || found->second.numel() == 0) {
    throw Error(fmt::format("trained prompt of {}: has no learned context (a tensor ctx) to be read as words",
                            title_of(prompt)));
  }
  return found->second;
}

std::vector<ReadVector> read_vectors(const TrainedPrompt& prompt, const Tensor& embedding, int64_t top) {
  const Tensor& context = context_of(prompt);
  const int64_t length = context.size(-2);
  if (context.size(-1) != embedding.size(1)) {
    throw Error(
        fmt::format("trained prompt of {}: its vectors have width {} and the model's {}; give its own model",
                    title_of(prompt), context.size(-1), embedding.size(1)));
  }
  std::vector<ReadVector> vectors;
  for (auto& nearest : nearest_tokens(context.flatten(0, -2), embedding, top)) {
    const auto row = static_cast<int64_t>(vectors.size());
    const auto label = static_cast<size_t>(row / length);
    const bool own = context.dim() > 2 && label < prompt.class_names.size();
    vectors.push_back({own ? prompt.class_names[label] : "", row % length, std::move(nearest)});
  }
  return vectors;
}

std::string vectors_text(const std::vector<ReadVector>& vectors,
                         const std::vector<VocabularyToken>& vocabulary, const std::string& title) {
  const bool by_class =
      std::ranges::any_of(vectors, [](const auto& vector) { return !vector.class_name.empty(); });
  Table table;
  table.title = title;
  if (by_class) table.columns.push_back({"Class", Alignment::left});
  table.columns.push_back({"Vector"});
  for (size_t rank = 0; rank < vectors.front().nearest.size(); ++rank) {
    table.columns.push_back({rank == 0 ? "Nearest" : std::to_string(rank + 1), Alignment::left});
    table.columns.push_back({"Distance"});
  }
  for (const ReadVector& vector : vectors) {
    std::vector<Cell> row;
    if (by_class) row.push_back(vector.class_name);
    row.push_back(std::to_string(vector.place + 1));
    for (const NearToken& near : vector.nearest) {
      row.push_back(vocabulary[static_cast<size_t>(near.token)].text());
      row.push_back(fmt::format("{:.4f}", near.distance));
    }
    table.rows.push_back(std::move(row));
  }
  return render_text(table, output_style());
}

std::string vectors_json(const std::vector<ReadVector>& vectors,
                         const std::vector<VocabularyToken>& vocabulary, const std::string&) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ReadVector& vector : vectors) {
    nlohmann::ordered_json words = nlohmann::ordered_json::array();
    for (const NearToken& near : vector.nearest) {
      const VocabularyToken& token = vocabulary[static_cast<size_t>(near.token)];
      words.push_back({{"word", token.text()},
                       {"token", near.token},
                       {"ends_word", token.ends_word},
                       {"distance", near.distance}});
    }
    nlohmann::ordered_json entry = {{"vector", vector.place + 1}, {"words", words}};
    if (!vector.class_name.empty()) entry["class"] = vector.class_name;
    json.push_back(std::move(entry));
  }
  return json_text(json);
}

std::string vectors_csv(const std::vector<ReadVector>& vectors,
                        const std::vector<VocabularyToken>& vocabulary, const std::string&) {
  Table table;
  table.columns = {{"class"}, {"vector"}, {"rank"}, {"word"}, {"token"}, {"distance"}};
  for (const ReadVector& vector : vectors) {
    for (size_t rank = 0; rank < vector.nearest.size(); ++rank) {
      const NearToken& near = vector.nearest[rank];
      table.rows.push_back({vector.class_name, std::to_string(vector.place + 1), std::to_string(rank + 1),
                            vocabulary[static_cast<size_t>(near.token)].text(), std::to_string(near.token),
                            fmt::format("{:.6f}", near.distance)});
    }
  }
  return render_csv(table);
}

}  // namespace

int prompt_words(const Arguments& arguments) {
  const std::optional<Values> values =
      parse(arguments,
            {.usage = "runner prompts words PROMPT [OPTIONS]",
             .explanation =
                 "Reads a learned context as words: for each vector, the tokens of the vocabulary with\n"
                 "the nearest embeddings and their Euclidean distances, like the reference's\n"
                 "interpret_prompt.py. \"pho-\" is the beginning of a longer word. PROMPT is a file or a\n"
                 "run's id; its model is the embedded one unless --model names it.\n\n"
                 "  runner prompts words 4f1d\n"
                 "  runner prompts words prompt.safetensors --top 10 --model models/ViT-B-16 --format csv",
             .options = {{"options", {shared("top", "; tokens per vector"), shared("format"), shared("db")}},
                         model_options()},
             .takes_arguments = true});
  if (!values) return kAllDone;
  const auto render = values->one_of<decltype(&vectors_text)>(
      "format", {{"text", vectors_text}, {"csv", vectors_csv}, {"json", vectors_json}});
  const int64_t top = values->positive("top", 5, kMostWords);
  const std::string& named = values->only_argument("prompts words", "a trained prompt");
  const TrainedPrompt prompt = read_named_prompt(named, ledger_path(*values)).prompt;
  context_of(prompt);  // before the model is read

  const ClipModel model = load_model(*values);
  check_model(prompt, model.fingerprint(), model.tokenizer_id());
  const auto vectors = read_vectors(prompt, model.checkpoint().at("token_embedding.weight"), top);
  fmt::print("{}", render(vectors, vocabulary_of(read_merges(model.path())), title_of(prompt)));
  return kAllDone;
}

}  // namespace promptbed
