#include "prompts/model_task.h"

#include <memory>

#include "clip/towers/text_transformer.h"

namespace promptbed {

Task model_task(const ClipModel& model, const Placement& placement) {
  Task task;
  task.tokenizer = model.tokenizer();
  task.context_length = model.context_length();
  task.text_encoder = std::make_shared<TextTransformer>(model.checkpoint(), placement);
  task.logit_scale = model.logit_scale();
  task.feature_width = model.embedding_width();
  task.device = placement.device;
  return task;
}

}  // namespace promptbed
