#include "sweep/training_data.h"

#include <fmt/format.h>

#include "data/draws/class_sets.h"
#include "table/table.h"

namespace promptbed {

ClassSet trained_classes(Protocol protocol) {
  return has_halves(protocol) ? ClassSet::base : ClassSet::all;
}

bool validates_on_training(const PlannedDataset& dataset, const SweepSpec& spec) {
  return spec.imagenet_val && dataset.spec.split.kind == SplitKind::imagenet;
}

Shared<JobData> TrainingData::classes_of(const PlannedDataset& dataset) {
  const auto [entry, is_new] = classes_.try_emplace(dataset.spec.id);
  if (is_new) {
    JobData classes;
    classes.class_names = class_names_of(dataset.split, trained_classes(spec_.protocol));
    if (has_halves(spec_.protocol)) classes.new_class_names = class_names_of(dataset.split, ClassSet::new_);
    entry->second = std::move(classes);
  }
  return entry->second;
}

const TrainingData::Draw& TrainingData::draw_of(const PlannedDataset& dataset, int64_t shots, int64_t seed) {
  const std::tuple cell(dataset.spec.id, shots, seed);
  const auto known = draws_.find(cell);
  return known != draws_.end() ? known->second
                               : draws_.emplace(cell, draw(dataset, shots, seed)).first->second;
}

/// A draw from a file that is the ordinary one makes the same run.
TrainingData::Draw TrainingData::draw(const PlannedDataset& dataset, int64_t shots, int64_t seed) {
  const Split& split = dataset.split;
  const ClassSet classes = trained_classes(spec_.protocol);
  const auto source =
      validates_on_training(dataset, spec_) ? ValidationSource::training : ValidationSource::validation;
  Draw made;
  JobData data = *classes_of(dataset);
  data.draw = subset(draw_few_shot(split, shots, seed, source), split, classes);
  if (const auto file = given_.find(split, dataset.spec.id, shots, seed)) {
    FewShotDraw given = subset(*file, split, classes);
    if (given != data.draw) made.given = given.hash();
    data.draw = std::move(given);
  }
  made.data = std::move(data);
  if (spec_.changes != DrawChanges() && !made.data->draw.train.empty()) change(made, dataset, shots, seed);
  return made;
}

/// What a change leaves as it is would be another run with the same numbers.
void TrainingData::change(Draw& draw, const PlannedDataset& dataset, int64_t shots, int64_t seed) {
  JobData data = *draw.data;
  const auto flips = change_draw(data.draw, data.class_names, shots, seed, spec_.changes);
  draw.changes = spec_.changes;
  if (spec_.changes.imbalance != 1 && data.draw.train.size() == draw.data->draw.train.size()) {
    draw.obstacle =
        fmt::format("{}: --imbalance {} leaves all {} of each class; give more shots", dataset.spec.id,
                    spec_.changes.imbalance, plural(static_cast<size_t>(shots), "shot"));
  } else if (spec_.changes.noise && flips.empty()) {
    draw.obstacle = fmt::format(
        "{}: --label-noise {} leaves all labels of {} as they are; give more shots or a higher rate",
        dataset.spec.id, to_string(*spec_.changes.noise), plural(static_cast<size_t>(shots), "shot"));
  }
  draw.data = std::move(data);
}

Shared<JobData> TrainingData::with_all_validation(const PlannedDataset& dataset,
                                                  const Shared<JobData>& data) {
  const auto [entry, is_new] = validated_.try_emplace(&*data);
  if (is_new) {
    JobData validated = *data;
    validated.draw.val = subset(dataset.split.val, dataset.split, trained_classes(spec_.protocol));
    entry->second = std::move(validated);
  }
  return entry->second;
}

Shared<JobData> TrainingData::described(const PlannedDataset& dataset, const Shared<JobData>& data,
                                        const ClassDescriptions& descriptions) {
  const auto [entry, is_new] = described_.try_emplace(&*data);
  if (is_new) {
    JobData described = *data;
    described.descriptions = descriptions.of(dataset.split.class_names);
    entry->second = std::move(described);
  }
  return entry->second;
}

}  // namespace promptbed
