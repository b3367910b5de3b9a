#pragma once

/// Everything a plugin needs. Read in this order:
///
///     prompt_learner.h   the interface, and the order of the host's calls
///     task.h             what a method is given before and during a run
///     plugin.h           how a library declares its methods
///     options.h          what the user may set
///     recipe.h           how the host's loop trains
///     tensor.h           the letters used for shapes
///     protocol.h         which classes are trained on, and which are tested
///     error.h            what to throw
///
/// Building blocks: context_learner.h, deep_context_learner.h and context.h (learned contexts),
/// image_tokens.h, prompt_template.h (hand-written prompts), linear.h (layers), text_encoder.h and
/// tokenizer.h (the frozen text tower), image_encoder.h (the image tower) and tower.h (what can be put into
/// both), certainty.h (views of test images). docs/plugins.md is a tutorial.
#include <promptbed/certainty.h>
#include <promptbed/context.h>
#include <promptbed/context_learner.h>
#include <promptbed/deep_context_learner.h>
#include <promptbed/error.h>
#include <promptbed/image_encoder.h>
#include <promptbed/image_tokens.h>
#include <promptbed/linear.h>
#include <promptbed/options.h>
#include <promptbed/plugin.h>
#include <promptbed/prompt_learner.h>
#include <promptbed/prompt_template.h>
#include <promptbed/protocol.h>
#include <promptbed/recipe.h>
#include <promptbed/task.h>
#include <promptbed/tensor.h>
#include <promptbed/text_encoder.h>
#include <promptbed/tokenizer.h>
#include <promptbed/tower.h>
#include <promptbed/trained_classes.h>
