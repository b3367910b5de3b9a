#include "report/grid/published.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "data/suites/suite.h"
#include "formats/text_files.h"
#include "report/select/variants.h"
#include "results/run_record.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A CSV file: comments, a line of titles, then rows.
struct FigureFile {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};

FigureFile read_figures(const fs::path& file) {
  FigureFile figures;
  for (CsvRow& row : read_csv(file)) {
    if (row.fields.front().starts_with('#')) continue;
    if (figures.titles.empty()) {
      figures.titles = std::move(row.fields);
      continue;
    }
    if (row.fields.size() != figures.titles.size()) {
      throw Error(fmt::format("{}:{}: has {} fields and {} titles; make them equal", file.string(), row.line,
                              row.fields.size(), figures.titles.size()));
    }
    figures.rows.push_back(std::move(row.fields));
  }
  return figures;
}

template <class Number>
Number number_in(const std::string& text, const fs::path& file) {
  Number number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size())
    throw Error(fmt::format("{}: \"{}\" is not a number; correct it", file.string(), text));
  return number;
}

/// Our name for what the paper calls so.
const std::string& our_name(const Published& paper, const std::string& called, const fs::path& file) {
  const auto found = std::ranges::find_if(paper.methods, [&](const PublishedMethod& method) {
    return std::ranges::count(method.called, called) > 0;
  });
  if (found == paper.methods.end()) {
    throw Error(fmt::format("{}: no method is called {}; add it to the JSON beside this file", file.string(),
                            called));
  }
  return found->method;
}

/// What the columns of a file hold.
struct FileLayout {
  size_t method = 0;
  std::optional<size_t> dataset;                         ///< nothing if all rows are of one dataset
  std::vector<std::pair<size_t, const char*>> measures;  ///< columns and what they are called in figures
};

/// One row for each dataset and method.
void read_rows(Published& paper, Protocol protocol, const FileLayout& layout, const std::string& dataset,
               const fs::path& file) {
  for (const auto& row : read_figures(file).rows) {
    const std::string& on = layout.dataset ? row.at(*layout.dataset) : dataset;
    PublishedFigures& figures = paper.figures[{protocol, our_name(paper, row.at(layout.method), file), on}];
    for (const auto& [column, name] : layout.measures)
      figures[name] = number_in<double>(row.at(column), file);
  }
}

/// Columns method, then one per dataset.
void read_transfer(Published& paper, Protocol protocol, const fs::path& file) {
  const FigureFile figures = read_figures(file);
  for (const auto& row : figures.rows) {
    for (size_t i = 1; i < row.size(); ++i)
      paper.figures[{protocol, our_name(paper, row[0], file), figures.titles[i]}]["Accuracy"] =
          number_in<double>(row[i], file);
  }
}

/// Reads the figures of one of the paper's tables, by the name of ours.
void read_table(Published& paper, const std::string& table, const json& source, const fs::path& file) {
  if (table == "base-new") {  // dataset, method, base, new, h
    read_rows(paper, Protocol::base_new,
              {.method = 1, .dataset = 0, .measures = {{2, "Base"}, {3, "New"}, {4, "H"}}}, "", file);
  } else if (table == "ablation") {  // model, params, base, new, h, all on one dataset
    read_rows(paper, Protocol::base_new,
              {.method = 0,
               .dataset = {},
               .measures = {{1, kPublishedParameters}, {2, "Base"}, {3, "New"}, {4, "H"}}},
              source.at("dataset"), file);
  } else if (const auto protocol = find_protocol(table); protocol && has_source(*protocol)) {
    read_transfer(paper, *protocol, file);
  } else {
    throw Error(fmt::format("{}: has a table {}; known: base-new, ablation, cross-dataset, domain",
                            file.parent_path().string(), table));
  }
}

/// The suite that papers lie in, read when the first of them asks for it.
class SuiteOfPapers {
 public:
  explicit SuiteOfPapers(fs::path folder) : folder_(std::move(folder)) {}

  const std::vector<DatasetSpec>& datasets() {
    if (!suite_) suite_ = read_suite(folder_.parent_path(), folder_.filename().string());
    return suite_->datasets;
  }

 private:
  fs::path folder_;
  std::optional<Suite> suite_;
};

/// Reads averages of base-new that stand in the JSON itself, a row for each method: over the suite's
/// datasets, whose templates runs must have.
void read_averages(Published& paper, const json& rows, SuiteOfPapers& suite, const fs::path& file) {
  for (const json& row : rows) {
    const std::string& method = our_name(paper, row.at("method"), file);
    PublishedFigures& figures = paper.figures[{Protocol::base_new, method, kPrintedAverage}];
    for (const char* measure : {"Base", "New", "H"}) row.at(measure).get_to(figures[measure]);
  }
  for (const DatasetSpec& dataset : suite.datasets()) {
    paper.averaged.insert(dataset.id);
    paper.datasets[dataset.id].emplace("/prompt_template", json(dataset.prompt_template).dump());
  }
}

RequiredSettings to_settings(const json& object) {
  RequiredSettings settings;
  for (const auto& [place, value] : object.items()) settings[place] = value.dump();
  return settings;
}

std::map<std::string, RequiredSettings> to_settings_by_dataset(const json& object) {
  std::map<std::string, RequiredSettings> datasets;
  for (const auto& [dataset, settings] : object.items()) datasets[dataset] = to_settings(settings);
  return datasets;
}

Published read_paper(const fs::path& file, SuiteOfPapers& suite) {
  const json object = read_json(file);
  try {
    Published paper;
    object.at("title").get_to(paper.title);
    object.at("source").get_to(paper.source);
    object.at("citation").get_to(paper.citation);
    object.at("backbone").get_to(paper.backbone);
    object.at("shots").get_to(paper.shots);
    object.at("seeds").get_to(paper.seeds);
    paper.remarks = object.value("remarks", paper.remarks);
    if (object.contains("crops"))
      paper.crops = parse_crops(object.at("crops").get<std::string>(), file.string());
    paper.settings = to_settings(object.at("settings"));
    if (object.contains("datasets")) paper.datasets = to_settings_by_dataset(object.at("datasets"));
    for (const json& method : object.at("methods")) {
      paper.methods.push_back({.method = method.at("method"),
                               .called = method.at("called"),
                               .settings = to_settings(method.at("settings")),
                               .datasets = to_settings_by_dataset(method.at("datasets"))});
    }
    for (const auto& [table, source] : object.at("tables").items()) {
      paper.places[table] = source.at("place");
      if (table == to_string(Protocol::base_new) && source.contains("averages"))
        read_averages(paper, source.at("averages"), suite, file);
      else
        read_table(paper, table, source, file.parent_path() / source.at("file").get<std::string>());
    }
    return paper;
  } catch (const json::exception& fault) {
    throw Error(fmt::format("{}: {}; see docs/reports.md", file.string(), fault.what()));
  }
}

std::string as_text(const json& value) {
  return value.is_null() ? "none" : value.dump();
}

/// "n_ctx is 16, the paper's 4" for the first required setting that differs.
std::optional<std::string> difference_from(const json& run, const RequiredSettings& required) {
  for (const auto& [place, text] : required) {
    const json wanted = parse_json(text, setting_name(place));
    const auto pointer = json::json_pointer(place);
    const json found = run.contains(pointer) ? run.at(pointer) : json();
    if (found != wanted)
      return fmt::format("{} is {}, the paper's {}", setting_name(place), as_text(found), as_text(wanted));
  }
  return std::nullopt;
}

/// The same for an option or a part of the recipe that the run has and the paper does not.
std::optional<std::string> excess(const json& run, const RequiredSettings& required) {
  const json places = run.flatten();
  for (const auto& [place, value] : places.items()) {
    const bool is_of_method = place.starts_with("/options/") || place.starts_with("/recipe/");
    if (is_of_method && !required.contains(place))
      return fmt::format("{} is {}, the paper's none", setting_name(place), as_text(value));
  }
  return std::nullopt;
}

/// Settings of the method or the paper, with what is different on the run's dataset.
RequiredSettings on_dataset(RequiredSettings settings,
                            const std::map<std::string, RequiredSettings>& datasets,
                            const std::string& dataset) {
  const auto found = datasets.find(dataset);
  if (found == datasets.end()) return settings;
  for (const auto& [place, value] : found->second) settings[place] = value;
  return settings;
}

}  // namespace

const PublishedMethod* Published::find(std::string_view method) const {
  const auto found = std::ranges::find(methods, method, &PublishedMethod::method);
  return found == methods.end() ? nullptr : &*found;
}

std::optional<std::string> Published::mismatch(const RunSpec& run, std::string_view architecture) const {
  if (architecture.empty())
    return "the architecture of the model is not known; its runs are of an earlier version";
  if (architecture != backbone) return fmt::format("the model is {}, the paper's {}", architecture, backbone);
  const PublishedMethod* method = find(run.method);
  if (method == nullptr) return "the method is not in the paper";
  if (!run.classes.empty() && run.shots != shots)
    return fmt::format("the shots are {}, the paper's {}", run.shots, shots);
  const json canonical = run.canonical();
  const RequiredSettings required = on_dataset(method->settings, method->datasets, run.dataset);
  if (const auto differs = difference_from(canonical, required)) return differs;
  if (const auto exceeds = excess(canonical, required)) return exceeds;
  const bool uses_none =
      run.views == 0 && run.crops == CropRange();  // a method may see crops in its test alone
  if (run.crops != crops && !uses_none) {
    return fmt::format("the training crops cover {} of the area, the paper's {}", percent_text(run.crops),
                       percent_text(crops));
  }
  if (!run.draw.empty()) return "the draw is the user's own";
  if (run.changes != DrawChanges())
    return fmt::format("the draw was changed by {}, the paper's was not", run.changes.options());
  if (!run.descriptions.empty()) return "the user's file describes the classes";
  return difference_from(canonical, on_dataset(settings, datasets, run.dataset));
}

std::vector<Published> read_published(const fs::path& suites) {
  std::vector<fs::path> folders;
  for (const auto& suite : fs::directory_iterator(suites)) {
    if (fs::is_directory(suite.path() / "published")) folders.push_back(suite.path());
  }
  std::ranges::sort(folders);
  std::vector<Published> papers;
  for (const fs::path& folder : folders) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder / "published")) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    SuiteOfPapers suite(folder);
    for (const fs::path& file : files) papers.push_back(read_paper(file, suite));
  }
  return papers;
}

}  // namespace promptbed
