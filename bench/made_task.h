#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <promptbed/task.h>

#include <memory>
#include <string>
#include <utility>

#include "support/word_tokenizer.h"

namespace promptbed::bench {

/// A task on random features, 16 images a class. Classes have names of one or two words, as Caltech101's 50
/// base classes have: 171 suffix tokens for 50 classes. No two begin with the same word, so that none share
/// tokens.
inline Task made_task(std::shared_ptr<const TextEncoder> encoder, int64_t classes,
                      torch::Device device = torch::kCPU) {
  Task task;
  task.device = device;
  task.tokenizer = std::make_shared<test::WordTokenizer>();
  task.prompt_template = "a photo of a {}.";
  task.context_init = "a photo of a";
  task.context_length = encoder->context_length();
  task.feature_width = encoder->embedding_width();
  task.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  for (int64_t k = 0; k < classes; ++k) {
    task.class_names.push_back(std::string(static_cast<size_t>(2 + k), 'x') +
                               (k * 21 / 50 != (k + 1) * 21 / 50 ? " y" : ""));
  }
  task.train.features = at::randn({16 * classes, 1, task.feature_width}, task.generator).to(device);
  task.train.labels = at::arange(16 * classes, torch::kLong).remainder(classes).to(device);
  task.text_encoder = std::move(encoder);
  return task;
}

/// The first so many training images.
inline Batch first_rows(const Task& task, int64_t images) {
  return {.features = task.train.features.narrow(0, 0, images).select(1, 0),
          .labels = task.train.labels.narrow(0, 0, images),
          .images = at::arange(images, task.train.labels.options()),
          .views = at::zeros({images}, task.train.labels.options()),
          .pixels = {}};
}

}  // namespace promptbed::bench
