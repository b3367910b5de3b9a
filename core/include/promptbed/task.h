#pragma once

#include <promptbed/protocol.h>
#include <promptbed/tensor.h>
#include <promptbed/text_encoder.h>
#include <promptbed/tokenizer.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace promptbed {

/// Names of K classes; the place is the label.
using ClassNames = std::vector<std::string>;

/// What is known of a run before anything is loaded or trained: enough to settle a method's options and
/// recipe.
struct Setting {
  std::string dataset;  ///< its id, such as "oxford_pets"
  Protocol protocol = Protocol::base_new;
  int64_t shots = 0;              ///< training images per class that were asked for
  ClassNames class_names;         ///< the K training classes
  ClassNames unseen_class_names;  ///< of the dataset's classes those that are tested and not trained on
  std::string prompt_template;    ///< "a photo of a {}."
  std::string context_init;       ///< "a photo of a"
  std::shared_ptr<const Tokenizer> tokenizer;
  int64_t context_length = 77;  ///< tokens that a prompt may have, start and end included
};

/// Image features in V views, unnormalised, with labels.
struct FeatureSet {
  Tensor features;  ///< [N, V, D] f32
  Tensor labels;    ///< [N] int64
};

/// All that a method may know in training. Test features are not in it.
struct Task : Setting {
  FeatureSet train;
  FeatureSet validation;  ///< where Needs::validation_features asks for it; V = 1, and N = 0 without images
  std::shared_ptr<const TextEncoder> text_encoder;
  double logit_scale = 100.0;  ///< the factor itself, not its logarithm
  int64_t feature_width = 0;   ///< D
  torch::Generator generator;  ///< seeded by the run; lives on the CPU
  torch::Device device = torch::kCPU;
};

/// Rows of one step.
struct Batch {
  Tensor features;  ///< [B, D], unnormalised
  Tensor labels;    ///< [B] int64; undefined in evaluation
  Tensor images;    ///< [B] int64, rows of the feature set
  Tensor views;     ///< [B] int64, the view taken of each image
  Tensor pixels;    ///< [B, 3, R, R], normalised; undefined unless Needs::pixels asks for it
};

}  // namespace promptbed
