#include "clip/model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <cmath>
#include <span>
#include <utility>

#include "base/hash.h"
#include "clip/checkpoints/architecture.h"
#include "tokenizer/bpe_tokenizer.h"

namespace promptbed {
namespace {

std::string weights_fingerprint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  try {
    return checkpoint.fingerprint();
  } catch (const Error& fault) {
    throw Error(fmt::format("{}: {}", path.string(), fault.what()));
  }
}

std::string fingerprint_of(const std::filesystem::path& path, const Checkpoint& checkpoint,
                           const Preprocessing& preprocessing) {
  Hasher hasher;
  hasher.add(weights_fingerprint(path, checkpoint)).add(preprocessing.size);
  for (const auto& values : {preprocessing.mean, preprocessing.std})
    hasher.add(std::as_bytes(std::span(values)));
  // CLIP's own style is left out: it was the only one, and models keep their fingerprints.
  if (const ViewStyle& style = preprocessing.style; style != ViewStyle())
    hasher.add(static_cast<int64_t>(style.resampling)).add(static_cast<int64_t>(style.squashed));
  return hasher.hex();
}

}  // namespace

ClipModel ClipModel::load(const std::filesystem::path& path, std::optional<Activation> activation) {
  return {path, load_checkpoint(path, activation)};
}

ClipModel::ClipModel(std::filesystem::path path, Checkpoint checkpoint)
    : path_(std::move(path)),
      checkpoint_(std::move(checkpoint)),
      preprocessing_(read_preprocessing(path_, image_resolution(checkpoint_))) {
  fingerprint_ = fingerprint_of(path_, checkpoint_, preprocessing_);
}

std::shared_ptr<const Tokenizer> ClipModel::tokenizer() const {
  if (tokenizer_ == nullptr)
    tokenizer_ = read_tokenizer(path_, checkpoint_.at("token_embedding.weight").size(0));
  return tokenizer_;
}

const std::string& ClipModel::tokenizer_id() const {
  if (!tokenizer_id_) tokenizer_id_ = promptbed::tokenizer_id(read_merges(path_));
  return *tokenizer_id_;
}

int64_t ClipModel::embedding_width() const {
  return checkpoint_.at("text_projection").size(1);
}

int64_t ClipModel::context_length() const {
  return checkpoint_.at("positional_embedding").size(0);
}

int64_t ClipModel::text_blocks() const {
  return count_layers(checkpoint_, "transformer");
}

int64_t ClipModel::image_blocks() const {
  return count_image_blocks(checkpoint_);
}

double ClipModel::logit_scale() const {
  return std::exp(checkpoint_.at("logit_scale").item<double>());
}

std::unique_ptr<ImageEncoder> ClipModel::make_image_encoder(const Placement& placement) const {
  Placement frozen = placement;
  frozen.differentiable = false;  // nothing is learned in front of it
  return promptbed::make_image_encoder(checkpoint_, frozen);
}

std::shared_ptr<const ImageEncoder> ClipModel::make_prompted_image_encoder(const Placement& placement) const {
  return std::make_shared<LateImageEncoder>(checkpoint_, placement);
}

}  // namespace promptbed
