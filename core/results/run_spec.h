#pragma once

#include <promptbed/options.h>
#include <promptbed/recipe.h>

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "data/draws/draw_changes.h"
#include "data/pictures/view.h"

namespace promptbed {

/// Tells what a dataset's test images are: the hash of its split and, where that is known, that of
/// the images' contents.
std::string test_set_of(const std::string& split_hash, const std::string& images);

/// RunSpec::views of a run that sees a fresh random crop of each training image in each epoch: of a method
/// that takes pixels.
inline constexpr int64_t kFreshCrops = -1;

/// RunSpec::images of the images that a seed draws; the others are the same for all seeds.
inline constexpr std::string_view kDrawnImages[] = {"train", "val"};

/// Everything that a run's numbers depend on, and nothing else: no paths, targets, protocol, device or jobs.
/// Two protocols that train the same thing share one run. Methods without training have no classes, no
/// recipe, shots 0 and seed 0: one run per dataset.
struct RunSpec {
  std::string model;            ///< fingerprint of the frozen weights
  std::string dataset;          ///< its id, such as "oxford_pets"
  std::string split_hash;       ///< of the train, validation and test lists
  std::string prompt_template;  ///< the dataset's, "a photo of a {}."
  std::string context_init;     ///< the dataset's, "a photo of a"
  std::string classes;          ///< trained on: "base", "all", or "" without training
  int64_t shots = 0;            ///< training images per class, as requested
  int64_t seed = 0;
  std::string draw = {};     ///< hash of a draw given by the user; "" for the one that shots and seed make
  DrawChanges changes = {};  ///< of the draw: wrong labels, few images of some classes

  /// "training" if the method asks for validation images and they are training images that were not drawn, of
  /// a dataset that has no others; otherwise "".
  std::string validation = {};
  std::string method;
  int64_t method_version = 1;
  OptionValues options;          ///< resolved: every option with its value; a base's as base.NAME
  std::optional<Recipe> recipe;  ///< none without training, or if the method has its own solver
  int64_t views = 0;     ///< augmented renderings per training image; 0: the centre crop only; or kFreshCrops
  CropRange crops = {};  ///< of the views, if there are any
  std::string precision = "f32";

  /// Hashes of the names and contents of its dataset's images: those for "train", for "val" (the draw's) or
  /// "full_val" (all of the trained classes) if the method chooses on them, and all of "test". None on sealed
  /// features that do not say it, nor in runs of earlier versions, where the contents are unknown.
  std::map<std::string, std::string, std::less<>> images = {};
  int64_t base_version = 0;    ///< of the base of a wrapper (plugin.h), which its options name; 0 without one
  std::string tokenizer = {};  ///< tokenizer_id(): "" for the usual one; unknown in runs of earlier versions
  std::string descriptions = {};  ///< hash of the file that describes the classes, if the method reads it

  /// What it is tested on of its own dataset (test_set_of).
  std::string test_set() const;

  /// The JSON form of this run, with sorted keys: equal runs have equal texts.
  nlohmann::json canonical() const;

  /// 16 hexadecimal digits: a hash of the canonical JSON.
  std::string id() const;

  /// A text that runs have in common which differ in nothing but the seed and what it draws: the images, or
  /// the draw that was given for it.
  std::string without_seed() const;

  /// The reverse of canonical(). Throws Error for anything else.
  static RunSpec parse(const nlohmann::json& canonical);
};

/// The id of the run with this canonical JSON, as text.
std::string id_of_canonical(std::string_view text);

/// Whether a text can be a run's id: 16 hexadecimal digits, small letters. Nothing else may become part of a
/// path.
bool is_run_id(std::string_view text);

}  // namespace promptbed
