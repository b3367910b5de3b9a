#include "sweep/crop_rule.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <promptbed/prompt_template.h>
#include <promptbed/task.h>

#include <array>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "base/ahead.h"
#include "base/progress.h"
#include "base/signals.h"
#include "data/draws/class_sets.h"
#include "data/pictures/view.h"
#include "features/picture_encoder.h"

namespace promptbed {
namespace {

/// Finished images per thread that may wait for a slower one before them.
constexpr size_t kImagesAhead = 4;

/// Views that the tower sees at once; their activations are what takes memory.
constexpr int64_t kMostAtOnce = 32;

/// One half of the classes, and the training images of those.
struct Half {
  std::vector<Image> images;  ///< labels within the half
  Tensor text_features;       ///< [K, D], normalised
};

std::array<Half, 2> halves_of(const DatasetSpec& dataset, const Split& split, Inputs& inputs) {
  Task task;
  task.dataset = dataset.id;
  task.prompt_template = dataset.prompt_template;
  task.tokenizer = inputs.model().tokenizer();
  task.text_encoder = inputs.text_encoder();
  task.context_length = inputs.model().context_length();
  task.text_blocks = inputs.model().text_blocks();
  task.image_blocks = inputs.model().image_blocks();
  std::array<Half, 2> halves;
  for (const auto& [half, set] : {std::pair(&halves[0], ClassSet::base), {&halves[1], ClassSet::new_}}) {
    half->images = subset(split.train, split, set);
    if (half->images.empty()) {
      throw Error(fmt::format("{}: has no training images of {} classes; choose another dataset", dataset.id,
                              to_string(set)));
    }
    half->text_features = template_features(task, dataset.prompt_template, class_names_of(split, set));
  }
  return halves;
}

/// Of one image, the share of views that are told right: the centre crop's, then each range's.
using Shares = std::vector<double>;

/// Tells the views of one image after the other; used by several threads at once.
class Teller {
 public:
  Teller(const ImageFiles& files, const CropTrial& trial, const ImageEncoder& tower,
         const Preprocessing& preprocessing, torch::Device device, const std::string& dataset)
      : files_(files), views_(trial.views), tower_(tower), device_(device), dataset_(dataset) {
    std::iota(views_.begin(), views_.end(), 0);
    for (const CropRange& crops : trial.ranges) encoders_.emplace_back(tower, preprocessing, device, crops);
  }

  Shares shares(const Image& image, const Tensor& text_features) const {
    at::init_num_threads();  // a new thread adopts the count set here
    const c10::InferenceMode frozen;
    check_interrupt();
    // Several views at once: unlike stored features, these may differ in their last bits.
    std::vector<Tensor> parts;
    for (const Tensor& pixels : pixels_of(image).split(kMostAtOnce))
      parts.push_back(tower_.encode(pixels.to(device_)).cpu());
    const Tensor features = at::cat(parts);
    const Tensor told = at::matmul(features, text_features.t()).argmax(1).eq(image.label).to(torch::kDouble);
    Shares shares = {told[0].item<double>()};
    const auto ranges = static_cast<int64_t>(encoders_.size());
    const Tensor by_range = told.slice(0, 1).view({ranges, std::ssize(views_)}).mean(1).contiguous();
    shares.insert(shares.end(), by_range.data_ptr<double>(), by_range.data_ptr<double>() + ranges);
    return shares;
  }

 private:
  /// The centre crop, then each range's views.
  Tensor pixels_of(const Image& image) const {
    const Picture picture = decoded(image.path);
    const uint64_t key = view_key(dataset_, image.path);
    std::vector<Tensor> pixels = {encoders_.front().pixels(picture, {kCentreView}, key)};
    for (const PictureEncoder& encoder : encoders_) pixels.push_back(encoder.pixels(picture, views_, key));
    return at::cat(pixels);
  }

  Picture decoded(const std::string& image) const {
    try {
      return decode_picture(files_, image);
    } catch (const Error& fault) {
      throw PictureError(fault.what());
    }
  }

  const ImageFiles& files_;
  std::vector<int> views_;  // of each range
  const ImageEncoder& tower_;
  torch::Device device_;
  const std::string& dataset_;
  std::vector<PictureEncoder> encoders_;  // by range
};

}  // namespace

CropAccuracies try_crops(Inputs& inputs, const DatasetSpec& dataset, const CropTrial& trial,
                         std::ostream& log) {
  const std::array<Half, 2> halves = halves_of(dataset, inputs.read_split(dataset), inputs);
  const ImageFiles& files = inputs.contents(dataset).files();
  const Teller teller(files, trial, inputs.image_encoder(), inputs.model().preprocessing(), inputs.device(),
                      dataset.id);
  const auto count = static_cast<int64_t>(halves[0].images.size() + halves[1].images.size());
  Progress progress("trying crops: " + dataset.id, count, log, is_terminal(log));
  const SingleThreadedOperators operators;
  CropAccuracies accuracies{.centre = 0, .crops = std::vector<double>(trial.ranges.size())};
  for (const Half& half : halves) {
    const auto threads = static_cast<size_t>(trial.threads);
    const Tensor text_features = half.text_features.cpu();
    Ahead<Shares> told(half.images.size(), threads, kImagesAhead * threads,
                       [&](size_t i) { return teller.shares(half.images[i], text_features); });
    const double weight = 100.0 / 2 / static_cast<double>(half.images.size());
    while (const auto shares = told.next()) {
      accuracies.centre += weight * shares->front();
      for (size_t i = 0; i < accuracies.crops.size(); ++i) accuracies.crops[i] += weight * (*shares)[i + 1];
      progress.advance();
    }
  }
  return accuracies;
}

CropAccuracies mean_of(std::span<const CropAccuracies> datasets) {
  CropAccuracies mean{.centre = 0, .crops = std::vector<double>(datasets.front().crops.size())};
  const double weight = 1.0 / static_cast<double>(datasets.size());
  for (const CropAccuracies& dataset : datasets) {
    mean.centre += weight * dataset.centre;
    for (size_t i = 0; i < mean.crops.size(); ++i) mean.crops[i] += weight * dataset.crops[i];
  }
  return mean;
}

std::optional<size_t> widest_range(const CropAccuracies& accuracies, double share) {
  std::optional<size_t> widest;
  if (accuracies.centre == 0) return widest;  // nothing can be kept
  for (size_t i = accuracies.crops.size(); i > 0; --i) {
    if (accuracies.crops[i - 1] < share * accuracies.centre) break;
    widest = i - 1;
  }
  return widest;
}

}  // namespace promptbed
