#pragma once

#include <iosfwd>
#include <memory>
#include <span>
#include <string>

#include "clip/model.h"
#include "clip/towers/text_transformer.h"
#include "data/suites/chosen_datasets.h"
#include "features/extraction.h"
#include "features/feature_cache.h"
#include "sweep/input_spec.h"

namespace promptbed {

/// What all work starts from: datasets, a CLIP, and the features of the datasets' images by the CLIP. The
/// suite's own model and data serve where the user names none; and where the data are the suite's own, so are
/// the features, if they are embedded: sealed files that need no pictures. Towers come into memory when they
/// are first asked for.
class Inputs {
 public:
  /// Reads the suite and the model. Throws Error for what is missing or wrong, and for a model or data that
  /// neither the user nor the suite names.
  explicit Inputs(InputSpec spec);

  const ClipModel& model() const { return model_; }

  /// The datasets that the user chose.
  const std::vector<DatasetSpec>& datasets() const { return chosen_.front().list(); }

  /// Those of the target suite that are tested on beside them; none where there is no such suite.
  std::vector<DatasetSpec> targets() const;

  Split read_split(const DatasetSpec& dataset) const { return chosen_of(dataset).read_split(dataset); }

  /// What the features of a dataset depend on here.
  CacheKey key_of(const DatasetSpec& dataset) const;

  /// The features of a dataset: the suite's sealed file, or the cache. Throws Error where the file is of
  /// another key or damaged, and where a sealed one is not there.
  FeatureCache open_cache(const DatasetSpec& dataset) const;

  /// Where the dataset's pictures are. With sealed features there need not be any.
  std::filesystem::path image_folder(const DatasetSpec& dataset) const {
    return chosen_of(dataset).image_folder(dataset);
  }

  /// In words, where features come from.
  std::string feature_source() const;

  /// Brings into the cache what the requests ask for and it lacks, with so many pictures in work at a time.
  /// Throws Error where a sealed file lacks something, otherwise what extract_features throws.
  ExtractionReport extract(const DatasetSpec& dataset, std::span<const FeatureRequest> requests,
                           int64_t threads, std::ostream& log);

  std::shared_ptr<const TextEncoder> text_encoder();
  const ImageEncoder& image_encoder();

 private:
  /// The choice that a dataset is of.
  const ChosenDatasets& chosen_of(const DatasetSpec& dataset) const;

  /// Whether a dataset's features come sealed with its suite.
  bool is_sealed(const DatasetSpec& dataset) const;

  /// Those whose features are sealed, or are not.
  std::vector<DatasetSpec> datasets_where(bool sealed) const;

  InputSpec spec_;
  std::vector<ChosenDatasets> chosen_;  ///< the user's choice, and that of the target suite
  ClipModel model_;
  std::shared_ptr<const TextEncoder> text_encoder_;
  std::unique_ptr<ImageEncoder> image_encoder_;
};

/// Throws Error, with the remedy, where a sealed cache lacks some pictures.
void check_sealed(const FeatureCache& cache, const std::vector<MissingPicture>& missing);

}  // namespace promptbed
