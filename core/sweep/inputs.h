#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "clip/model.h"
#include "clip/towers/text_transformer.h"
#include "data/suites/chosen_datasets.h"
#include "features/extraction.h"
#include "features/feature_cache.h"
#include "features/pixels.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// What all work starts from: datasets, a CLIP, and the CLIP's features of the datasets' images. If the user
/// names no model or data, the suite's own serve; with the suite's own data come its embedded features,
/// sealed files that need no images, as long as they are what is asked for. Towers come into memory when they
/// are first asked for.
class Inputs {
 public:
  /// Reads the suite and the model. Throws Error for what is missing or wrong, and for a model or data that
  /// neither the user nor the suite names.
  explicit Inputs(InputSpec spec);

  const ClipModel& model() const { return model_; }
  torch::Device device() const { return spec_.placement.device; }

  /// The datasets that the user chose.
  const std::vector<DatasetSpec>& datasets() const { return chosen_.front().list(); }

  /// Those of the target suite, which are only tested on; none without such a suite.
  std::vector<DatasetSpec> targets() const;

  /// The dataset of that id, of either. Throws Error for an id that was not chosen.
  const DatasetSpec& dataset(const std::string& id) const;

  Split read_split(const DatasetSpec& dataset) const { return chosen_of(dataset).read_split(dataset); }

  /// What the features of a dataset depend on here.
  CacheKey key_of(const DatasetSpec& dataset) const;

  /// The features of a dataset: the suite's sealed file, or the cache. Throws Error if the file is of another
  /// key or damaged, and if a sealed one is missing.
  FeatureCache open_cache(const DatasetSpec& dataset) const;

  /// The features of random crops of a dataset's test images, which are never sealed. Throws Error if the
  /// file is of another key or damaged.
  FeatureCache open_test_views(const DatasetSpec& dataset) const;

  /// Throws PictureError if a method that needs the images themselves finds features only.
  void check_images_exist(const DatasetSpec& dataset, const std::string& method) const;

  /// Images of a dataset, for a method that takes pixels; crops depend on the seed. They must hold what they
  /// held when this process first looked at them. Throws Error if an archive is damaged.
  std::unique_ptr<PixelSource> pixels(const DatasetSpec& dataset, const std::vector<Image>& images,
                                      int64_t seed, bool fresh_crops) const;

  /// Images of a dataset in the centre view, whatever they hold.
  std::unique_ptr<PixelSource> centre_pixels(const DatasetSpec& dataset,
                                             const std::vector<Image>& images) const;

  /// What is in the dataset's image files; each is looked at once.
  ContentIndex& contents(const DatasetSpec& dataset) const;

  /// Lets the cache remember what was found in image files.
  void save_contents() const;

  /// In words, where features come from.
  std::string feature_source() const;

  /// Brings into the cache what the requests ask for and it lacks, with so many images in work at a time.
  /// Throws Error if a sealed file lacks something, otherwise what extract_features throws.
  ExtractionReport extract(const DatasetSpec& dataset, std::span<const FeatureRequest> requests,
                           int64_t threads, std::ostream& log);

  /// The same for random crops of test images.
  ExtractionReport extract_test_views(const DatasetSpec& dataset, std::span<const FeatureRequest> requests,
                                      int64_t threads, std::ostream& log);

  std::shared_ptr<const TextEncoder> text_encoder();
  const ImageEncoder& image_encoder();

  /// The image tower for methods that put something into it.
  std::shared_ptr<const ImageEncoder> prompted_image_encoder();

 private:
  /// The choice that a dataset belongs to.
  const ChosenDatasets& chosen_of(const DatasetSpec& dataset) const;

  /// Whether a dataset's features come sealed with its suite. Where the suite embeds the images, too, sealed
  /// features that are not what is asked for (another model, crops, more views) leave the work to the cache.
  bool is_sealed(const DatasetSpec& dataset) const;

  /// Whether the sealed file with this key has what is asked for. Throws Error if it is damaged.
  bool serves(const CacheKey& sealed) const;

  /// The key that a dataset's sealed features should have.
  CacheKey sealed_key(const DatasetSpec& dataset) const;

  ExtractionReport fill(FeatureCache cache, const DatasetSpec& dataset,
                        std::span<const FeatureRequest> requests, int64_t threads, std::ostream& log);

  /// Those whose features are sealed, or are not.
  std::vector<DatasetSpec> datasets_where(bool sealed) const;

  InputSpec spec_;
  std::vector<ChosenDatasets> chosen_;  ///< the user's choice, and that of the target suite
  ClipModel model_;
  mutable std::map<std::string, ContentIndex> contents_;  ///< by the dataset's id
  mutable std::map<std::string, bool> sealed_;            ///< the same
  std::shared_ptr<const TextEncoder> text_encoder_;
  std::unique_ptr<ImageEncoder> image_encoder_;
  std::shared_ptr<const ImageEncoder> prompted_image_encoder_;
};

/// Throws Error, with the remedy, if a sealed cache lacks images.
void check_sealed(const FeatureCache& cache, const std::vector<MissingPicture>& missing);

/// The splits and features of the datasets at hand, each read when it is first asked for.
class OpenDatasets {
 public:
  explicit OpenDatasets(const Inputs& inputs) : inputs_(inputs) {}

  /// Throws Error if the split's hash is another by now.
  const Split& split(const std::string& dataset, const std::string& hash);

  /// Throws Error if the file is of another key or damaged.
  const FeatureCache& features(const std::string& dataset);

  /// The same of random crops of the test images.
  std::shared_ptr<const FeatureCache> test_views(const std::string& dataset);

  /// What is in the dataset's image files.
  ContentIndex& contents(const std::string& dataset) const {
    return inputs_.contents(inputs_.dataset(dataset));
  }

  /// Throws Error if the images' files hold something else than `hash` stands for, as far as it says
  /// anything.
  void check_pictures(const std::string& dataset, const std::vector<Image>& images, const std::string& hash);

  /// Throws Error if the features of the requested images are of others than those that `hash` stands for
  /// (FeatureCache::hash_of_images); so does the other for random crops of test images.
  /// @{
  void check_images(const std::string& dataset, std::span<const FeatureRequest> requests,
                    const std::string& hash);
  void check_test_views(const std::string& dataset, const FeatureRequest& request, const std::string& hash);
  /// @}

  /// Closes all others.
  void keep_only(const std::set<std::string>& datasets);

 private:
  struct HashedSplit {
    Split split;
    std::string hash;
  };

  const Inputs& inputs_;
  std::map<std::string, HashedSplit> splits_;  // all by the dataset's id
  std::map<std::string, FeatureCache> features_;
  std::map<std::string, std::shared_ptr<const FeatureCache>> test_views_;
};

}  // namespace promptbed
