#pragma once

#include "cli/data_options.h"
#include "clip/model.h"
#include "methods/method_registry.h"
#include "sweep/sweep_spec.h"

/// What the shared options of cli/options.h stand for, where LibTorch is needed to say so.
namespace promptbed {

/// Fills in --model, --activation, --precision and --device. Throws Error, naming the option, for a value
/// that cannot be.
void read_model_options(InputSpec& spec, const Values& values);

/// The same with --datasets, --views and those of data_options().
void read_input_options(InputSpec& spec, const Values& values);

/// The model that --model names, or the chosen suite's own. Throws Error if it is missing or wrong.
ClipModel load_model(const Values& values);

/// What --plugins names.
std::vector<std::filesystem::path> read_plugin_folders(const Values& values);

/// The plugins in the usual folders and in --plugins. Warns on standard error of those that are left out.
MethodRegistry load_plugins(const Values& values);

}  // namespace promptbed
