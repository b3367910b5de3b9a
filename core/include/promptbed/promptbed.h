#pragma once

/// All that a plugin needs. Start at prompt_learner.h (the interface) and plugin.h (how a library offers it).
#include <promptbed/context.h>
#include <promptbed/context_learner.h>
#include <promptbed/error.h>
#include <promptbed/linear.h>
#include <promptbed/options.h>
#include <promptbed/plugin.h>
#include <promptbed/prompt_learner.h>
#include <promptbed/prompt_template.h>
#include <promptbed/recipe.h>
#include <promptbed/task.h>
#include <promptbed/tensor.h>
#include <promptbed/text_encoder.h>
#include <promptbed/tokenizer.h>
#include <promptbed/trained_classes.h>
