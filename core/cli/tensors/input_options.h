#pragma once

#include "cli/data_options.h"
#include "clip/model.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The options that say which model and where it computes: the same in every command that has one.
options::options_description describe_model_options();

/// Fills in what those options say. Throws Error naming an option whose value cannot be.
void read_model_options(InputSpec& spec, const options::variables_map& values);

/// The model that those options name, or else that of the chosen suite. Throws Error where it is missing or
/// wrong.
ClipModel load_model(const options::variables_map& values);

/// The options that say which datasets, which model and where the features are: the same in every command
/// that works on features. The values of some go into `spec`, the others are for read_input_options.
options::options_description describe_input_options(InputSpec& spec);

/// What a value of --activation, --precision or --device stands for. Throws Error for another, listing the
/// known ones.
Activation parse_activation(const std::string& text);
Precision parse_precision(const std::string& text);
torch::Device parse_device(const std::string& text);

/// Fills in the rest. Throws Error naming an option whose value cannot be.
void read_input_options(InputSpec& spec, const options::variables_map& values);

}  // namespace promptbed
