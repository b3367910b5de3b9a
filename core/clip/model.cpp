#include "clip/model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "base/hash.h"
#include "tokenizer/bpe_tokenizer.h"

namespace promptbed {

ClipModel ClipModel::load(const std::filesystem::path& path, std::optional<Activation> activation) {
  return {path, load_checkpoint(path, activation)};
}

ClipModel::ClipModel(std::filesystem::path path, Checkpoint checkpoint)
    : path_(std::move(path)),
      checkpoint_(std::move(checkpoint)),
      preprocessing_(read_preprocessing(path_, image_resolution(checkpoint_))) {
  Hasher hasher;
  hasher.add(checkpoint_.fingerprint()).add(preprocessing_.size);
  for (const auto& values : {preprocessing_.mean, preprocessing_.std})
    hasher.add(std::as_bytes(std::span(values)));
  fingerprint_ = hasher.hex();
}

std::shared_ptr<const Tokenizer> ClipModel::tokenizer() const {
  if (tokenizer_ == nullptr)
    tokenizer_ = read_tokenizer(path_, checkpoint_.at("token_embedding.weight").size(0));
  return tokenizer_;
}

int64_t ClipModel::embedding_width() const {
  return checkpoint_.at("text_projection").size(1);
}

int64_t ClipModel::context_length() const {
  return checkpoint_.at("positional_embedding").size(0);
}

double ClipModel::logit_scale() const {
  return std::exp(checkpoint_.at("logit_scale").item<double>());
}

std::unique_ptr<ImageEncoder> ClipModel::make_image_encoder(const Placement& placement) const {
  return promptbed::make_image_encoder(checkpoint_, placement);
}

}  // namespace promptbed
