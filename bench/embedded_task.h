#pragma once

#include <memory>

#include "base/installation.h"
#include "clip/model.h"
#include "clip/towers/text_transformer.h"
#include "data/draws/class_sets.h"
#include "data/layouts/split.h"
#include "data/suites/suite.h"
#include "made_task.h"

namespace promptbed::bench {

/// The base classes of the embedded dataset `devices`, on the embedded model, with random features.
inline Task embedded_task() {
  const Suite suite = read_suite(datasets_folder(), "pocket");
  const ClipModel model = ClipModel::load(suite.model);
  const ClassNames names = class_names_of(read_split(suite.at("devices"), suite.data), ClassSet::base);
  Task task = made_task(std::make_shared<TextTransformer>(model.checkpoint(), Placement{}),
                        static_cast<int64_t>(names.size()));
  task.class_names = names;
  task.tokenizer = model.tokenizer();
  task.image_encoder = model.make_prompted_image_encoder(Placement{});
  return task;
}

}  // namespace promptbed::bench
