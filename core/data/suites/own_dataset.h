#pragma once

#include <filesystem>

#include "data/suites/dataset_spec.h"

namespace promptbed {

/// A user's own pictures as a dataset. `path` is a folder that holds, looked for in this order,
///
///   manifest.csv or manifest.jsonl      a list of pictures: path, class, and split (train, val or test)
///   train/, test/ and perhaps val/      class folders in each
///   class folders                       divided 50/20/30 as DTD's
///
/// or it is a manifest of any name, .csv or .jsonl. A dataset.json beside it may give id, title, template,
/// context_init, renames, citation and source; the id is the folder's name where it gives none (a manifest of
/// another name than manifest.csv or manifest.jsonl: the file's), the template "a photo of a {}.".
///
/// Throws Error where there is nothing of that, and for a dataset.json that is not as it has to be. Looks at
/// no picture.
DatasetSpec read_own_dataset(const std::filesystem::path& path);

}  // namespace promptbed
