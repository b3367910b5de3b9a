#include "sweep/model_task.h"

namespace promptbed {

Task model_task(Inputs& inputs, torch::Device device) {
  Task task;
  task.tokenizer = inputs.model().tokenizer();
  task.context_length = inputs.model().context_length();
  task.text_encoder = inputs.text_encoder();
  task.logit_scale = inputs.model().logit_scale();
  task.feature_width = inputs.model().embedding_width();
  task.device = device;
  return task;
}

}  // namespace promptbed
