#include <fmt/format.h>
#include <promptbed/error.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/records/datasets_commands.h"
#include "cli/tensors/input_options.h"
#include "report/grid/accuracy.h"
#include "sweep/crop_rule.h"
#include "sweep/inputs.h"
#include "table/render.h"

namespace promptbed {
namespace {

constexpr int64_t kMostCropViews = 100;

Subcommand datasets_crops_description() {
  return {.usage = "runner datasets crops [OPTIONS]",
          .explanation =
              "Measures what random crops leave of the datasets: how well zero-shot CLIP tells the\n"
              "training images on crops that cover at least a share of the area, against their centre\n"
              "crops. The rule: take the widest crops on which it keeps 90 % of its accuracy. It looks\n"
              "at no method's score, and says what --crops, or \"crops\" in a suite.json, should be.\n\n"
              "  runner datasets crops --suite pocket\n"
              "  runner datasets crops --datasets ./tiles --model models/ViT-B-16 --areas 0.1,0.3,0.5",
          .options = {
              {"options",
               {{"areas", "A,...", "least shares of the area, from the widest crops to the narrowest",
                 ValueKind::text, "0.08,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"},
                {"keep", "P", "percent of the accuracy on centre crops to be kept", ValueKind::real, "90"},
                {"draws", "N", "crops of each image", ValueKind::number, "10"},
                shared("threads", " that process images; default: one per core"),
                shared("format")}},
              {"inputs", {shared_or("datasets", "all")}},
              model_options(),
              data_options()}};
}

std::vector<CropRange> ranges_of(const Values& values) {
  std::vector<CropRange> ranges;
  for (const std::string& area : values.items("areas")) {
    if (area.find_first_not_of("0123456789.") != std::string::npos)
      throw Error(fmt::format("--areas {}: give shares of an image's area, such as 0.1,0.5", area));
    ranges.push_back(parse_crops(area + "-1", "--areas"));
    if (ranges.size() > 1 && ranges.back().least <= ranges[ranges.size() - 2].least)
      throw Error(fmt::format("--areas {}: give them in ascending order, each once", values.text("areas")));
  }
  return ranges;
}

struct NamedAccuracies {
  std::string dataset;
  CropAccuracies accuracies;
};

/// The table for readers, and one row a dataset and range for programs.
Report report_of(const std::vector<NamedAccuracies>& datasets, const CropAccuracies& mean,
                 const CropTrial& trial) {
  Report report;
  report.table.title = fmt::format(
      "Zero-shot accuracy (%) on training images, mean of base and new, by the least area of {} an image",
      plural(static_cast<size_t>(trial.views), "crop"));
  report.records.title = report.table.title;
  report.table.columns = {{"Dataset", Alignment::left}, {"Centre", Alignment::right, "", "%"}};
  for (const CropRange& crops : trial.ranges)
    report.table.columns.push_back({fmt::format("{}", crops.least), Alignment::right, "", "%"});
  add_columns(report.records, {"dataset", "crops", "accuracy"});
  const auto add_row = [&](const std::string& name, const CropAccuracies& accuracies) {
    auto& row = report.table.rows.emplace_back(std::vector<Cell>{name});
    const auto add = [&](const std::string& crops, double accuracy) {
      row.push_back({fmt::format("{:.1f}", accuracy), accuracy});
      report.records.rows.push_back({name, crops, exact(accuracy)});
    };
    add("centre", accuracies.centre);
    for (size_t i = 0; i < trial.ranges.size(); ++i) add(to_string(trial.ranges[i]), accuracies.crops[i]);
  };
  for (const NamedAccuracies& dataset : datasets) add_row(dataset.dataset, dataset.accuracies);
  report.table.summary_rows.push_back(report.table.rows.size());
  add_row("mean", mean);
  auto& shares = report.table.rows.emplace_back(std::vector<Cell>{"of the centre's", "100"});
  report.table.summary_rows.push_back(report.table.rows.size() - 1);
  for (const double accuracy : mean.crops)
    shares.push_back(mean.centre == 0 ? Cell("-")
                                      : Cell(fmt::format("{:.1f}", 100 * accuracy / mean.centre)));
  return report;
}

std::string advice(const CropAccuracies& mean, const std::vector<CropRange>& ranges, double keep) {
  const auto widest = widest_range(mean, keep / 100);
  if (!widest)
    return fmt::format("no crops keep {} % of the accuracy on centre crops; try larger areas", keep);
  return fmt::format("the widest crops that keep {} % of the accuracy on centre crops: --crops {}", keep,
                     to_string(ranges[*widest]));
}

}  // namespace

int try_dataset_crops(const Arguments& arguments) {
  const std::optional<Values> values = parse(arguments, datasets_crops_description());
  if (!values) return kAllDone;
  const OutputFormat format = values->one_of("format", kTextCsvJson);
  InputSpec spec;
  read_data_options(spec, *values, values->text("datasets"));
  read_model_options(spec, *values);
  const double keep = *values->real("keep");
  if (!(keep > 0 && keep <= 100)) throw values->fault("keep", "give above 0 to 100");
  const CropTrial trial{.ranges = ranges_of(*values),
                        .views = values->positive("draws", 10, kMostCropViews),
                        .threads = values->positive("threads", count_cores(), kMostThreads)};

  Inputs inputs(std::move(spec));
  std::vector<NamedAccuracies> datasets;
  std::vector<CropAccuracies> all;
  for (const DatasetSpec& dataset : inputs.datasets()) {
    all.push_back(try_crops(inputs, dataset, trial, std::cerr));
    datasets.push_back({dataset.id, all.back()});
  }
  const CropAccuracies mean = mean_of(all);
  Report report = report_of(datasets, mean, trial);
  report.table.notes = {advice(mean, trial.ranges, keep)};
  report.records.notes = report.table.notes;
  if (format == OutputFormat::text) {
    fmt::print("{}", render_text(report.table, output_style()));
  } else {
    fmt::print("{}", format == OutputFormat::csv ? render_csv(report.records)
                                                 : render_json(report.records, nlohmann::json::object()));
  }
  return kAllDone;
}

}  // namespace promptbed
