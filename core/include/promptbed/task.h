#pragma once

#include <promptbed/image_encoder.h>
#include <promptbed/protocol.h>
#include <promptbed/tensor.h>
#include <promptbed/text_encoder.h>
#include <promptbed/tokenizer.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace promptbed {

/// Names of K classes, in label order.
using ClassNames = std::vector<std::string>;

/// Sentences that describe a class, by its name.
using Descriptions = std::map<std::string, std::vector<std::string>>;

/// What is known about a run before anything is loaded: enough to resolve a method's options and recipe.
struct Setting {
  std::string dataset;                         ///< its id, such as "oxford_pets"
  Protocol protocol = Protocol::base_new;      ///< which classes are trained on; base_new for open_world, too
  int64_t shots = 0;                           ///< training images per class, as asked for
  ClassNames class_names;                      ///< the K training classes
  ClassNames new_class_names;                  ///< classes that are tested but not trained on
  std::string prompt_template;                 ///< "a photo of a {}."
  std::string context_init;                    ///< "a photo of a"
  std::shared_ptr<const Tokenizer> tokenizer;  ///< the model's
  int64_t context_length = 77;                 ///< most tokens of a prompt, start and end included
  int64_t text_blocks = 12;                    ///< residual attention blocks of the model's text tower
  int64_t image_blocks = 12;                   ///< of its image tower; 0 for a ResNet
  Descriptions descriptions = {};  ///< of all classes, if Needs::descriptions asks and they are given
};

/// Image features in V views, unnormalised, with labels.
struct FeatureSet {
  Tensor features;  ///< [N, V, D] f32
  Tensor labels;    ///< [N] int64
};

/// Everything a method may know in training. Test features are not part of it.
struct Task : Setting {
  FeatureSet train;       ///< the training images, in V views; labels alone if Needs::pixels
  FeatureSet validation;  ///< if Needs::validation_features asks for it; V = 1, and N = 0 if there are none
  std::shared_ptr<const TextEncoder> text_encoder;    ///< the model's frozen text tower
  std::shared_ptr<const ImageEncoder> image_encoder;  ///< its image tower, loaded when it is first used
  double logit_scale = 100.0;                         ///< the factor itself, not its logarithm
  int64_t feature_width = 0;                          ///< D
  torch::Generator generator;                         ///< seeded by the run; lives on the CPU
  torch::Device device = torch::kCPU;                 ///< where features are and trainable tensors belong
};

/// The rows of one step.
struct Batch {
  Tensor features;  ///< [B, D], unnormalised; undefined if Needs::pixels asks for pixels
  Tensor labels;    ///< [B] int64; undefined in evaluation
  Tensor images;    ///< [B] int64, rows of the training or test set
  Tensor views;     ///< [B] int64, which view of each image; zeros with pixels
  Tensor pixels;    ///< [B, 3, R, R], normalised, if Needs::pixels asks for them
  /// [B, 1 + V, D] in evaluation, if Needs::views_at_test asks for V: `features`, and those of V random crops
  Tensor views_at_test = {};
};

}  // namespace promptbed
