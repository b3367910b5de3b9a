#pragma once

/// All that a plugin needs. In the order in which to read:
///
///     prompt_learner.h   the interface, and in which order the host calls it
///     task.h             what the host knows before a run and hands over in it
///     plugin.h           how a library offers its methods
///     options.h          what the user may set; recipe.h: how the host's loop trains
///     tensor.h           the letters of all shapes
///     protocol.h         what is trained on and what is tested
///     error.h            what to throw
///
/// and to build with: context_learner.h and context.h (learned contexts), prompt_template.h (hand-written
/// prompts), linear.h (layers), text_encoder.h and tokenizer.h (the frozen text tower). docs/plugins.md goes
/// through it by an example.
#include <promptbed/context.h>
#include <promptbed/context_learner.h>
#include <promptbed/error.h>
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
#include <promptbed/trained_classes.h>
