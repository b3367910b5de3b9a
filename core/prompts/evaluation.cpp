#include "prompts/evaluation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "table/render.h"

namespace promptbed {
namespace {

constexpr size_t kConfusionsShown = 10;

std::string percent(double value) {
  return fmt::format("{:.2f}", value);
}

std::vector<int64_t> labels_of(const std::vector<Image>& images) {
  std::vector<int64_t> labels;
  for (const Image& image : images) labels.push_back(image.label);
  return labels;
}

std::vector<int64_t> first_of(const std::vector<RankedGuess>& guesses) {
  std::vector<int64_t> predicted;
  for (const RankedGuess& guess : guesses) predicted.push_back(guess.classes.front());
  return predicted;
}

std::vector<int64_t> count_among_five(const TestImages& tested, const std::vector<RankedGuess>& guesses) {
  std::vector<int64_t> counts(tested.class_names.size());
  for (size_t i = 0; i < guesses.size(); ++i) {
    const int64_t label = tested.images[i].label;
    if (std::ranges::find(guesses[i].classes, label) != guesses[i].classes.end())
      ++counts[static_cast<size_t>(label)];
  }
  return counts;
}

}  // namespace

std::vector<RankedGuess> guesses_of(const Ranking& ranking) {
  std::vector<RankedGuess> guesses;
  const auto classes = ranking.classes.accessor<int64_t, 2>();
  const auto probabilities = ranking.probabilities.accessor<float, 2>();
  for (int64_t image = 0; image < ranking.classes.size(0); ++image) {
    RankedGuess guess{{}, probabilities[image][0]};
    for (int64_t place = 0; place < ranking.classes.size(1); ++place)
      guess.classes.push_back(classes[image][place]);
    guesses.push_back(std::move(guess));
  }
  return guesses;
}

Evaluation::Evaluation(std::string classifier, std::string dataset, std::string class_set, TestImages tested,
                       std::vector<RankedGuess> guesses)
    : classifier_(std::move(classifier)),
      dataset_(std::move(dataset)),
      class_set_(std::move(class_set)),
      tested_(std::move(tested)),
      guesses_(std::move(guesses)),
      metrics_(measure(labels_of(tested_.images), first_of(guesses_))),
      confusion_(labels_of(tested_.images), first_of(guesses_),
                 static_cast<int64_t>(tested_.class_names.size())),
      among_five_(count_among_five(tested_, guesses_)) {}

double Evaluation::top5(int64_t label) const {
  const int64_t images = confusion_.score(label).images;
  if (images == 0) return 0;
  return 100.0 * static_cast<double>(among_five_[static_cast<size_t>(label)]) / static_cast<double>(images);
}

double Evaluation::top5() const {
  const int64_t sum = std::accumulate(among_five_.begin(), among_five_.end(), int64_t{0});
  return 100.0 * static_cast<double>(sum) / static_cast<double>(metrics_.images);
}

std::string Evaluation::as_text() const {
  Table table;
  table.title =
      fmt::format("{}\non {}, {}: {} test images of {} classes\n\naccuracy {:.2f} %   {}macro-F1 {:.2f} %",
                  classifier_, dataset_, class_set_, metrics_.images, confusion_.classes(), metrics_.accuracy,
                  has_top5() ? fmt::format("top-5 {:.2f} %   ", top5()) : "", metrics_.macro_f1);
  table.columns = {{"Class", Alignment::left}, {"Images"}, {"Correct"}, {"Accuracy"}};
  if (has_top5()) table.columns.push_back({"Top-5"});
  table.columns.push_back({"F1"});
  for (int64_t label = 0; label < confusion_.classes(); ++label) {
    const ClassScore& score = confusion_.score(label);
    const bool tried = score.images > 0;
    auto& row = table.rows.emplace_back();
    row = {name(label), std::to_string(score.images), std::to_string(score.correct),
           tried ? percent(score.accuracy()) : "-"};
    if (has_top5()) row.push_back(tried ? percent(top5(label)) : "-");
    row.push_back(tried ? percent(score.f1()) : "-");
  }
  if (tested_.left_out > 0)
    table.notes.push_back(fmt::format("{} test images of other classes were left out", tested_.left_out));
  std::string text = render_text(table, output_style());

  const auto mistakes = confusion_.most_frequent(kConfusionsShown);
  if (mistakes.empty()) return text;
  Table confused;
  confused.title = "\nMost confused";
  confused.columns = {{"Class", Alignment::left}, {"Taken for", Alignment::left}, {"Images"}};
  for (const Confusion& mistake : mistakes)
    confused.rows.push_back({name(mistake.label), name(mistake.predicted), std::to_string(mistake.images)});
  return text + render_text(confused, output_style());
}

nlohmann::ordered_json Evaluation::as_json() const {
  nlohmann::ordered_json json = {{"classifier", classifier_},
                                 {"dataset", dataset_},
                                 {"classes", class_set_},
                                 {"images", metrics_.images},
                                 {"left_out", tested_.left_out},
                                 {"correct", metrics_.correct},
                                 {"accuracy", metrics_.accuracy},
                                 {"top5", has_top5() ? nlohmann::json(top5()) : nullptr},
                                 {"macro_f1", metrics_.macro_f1},
                                 {"by_class", nlohmann::ordered_json::array()},
                                 {"confusions", nlohmann::ordered_json::array()}};
  for (int64_t label = 0; label < confusion_.classes(); ++label) {
    const ClassScore& score = confusion_.score(label);
    const auto if_tried = [&](bool is_there, double value) {
      return is_there && score.images > 0 ? nlohmann::json(value) : nlohmann::json();
    };
    json["by_class"].push_back({{"class", name(label)},
                                {"images", score.images},
                                {"predicted", score.predicted},
                                {"correct", score.correct},
                                {"accuracy", if_tried(true, score.accuracy())},
                                {"top5", if_tried(has_top5(), top5(label))},
                                {"f1", if_tried(true, score.f1())}});
  }
  for (const Confusion& mistake : confusion_.most_frequent(guesses_.size())) {
    json["confusions"].push_back(
        {{"class", name(mistake.label)}, {"taken_for", name(mistake.predicted)}, {"images", mistake.images}});
  }
  return json;
}

std::string Evaluation::as_csv() const {
  Table table;
  table.columns = {{"scope"}, {"class"}, {"images"}, {"correct"}, {"accuracy"}, {"top5"}, {"f1"}};
  table.rows.push_back({"all", "", std::to_string(metrics_.images), std::to_string(metrics_.correct),
                        percent(metrics_.accuracy), has_top5() ? percent(top5()) : "",
                        percent(metrics_.macro_f1)});
  for (int64_t label = 0; label < confusion_.classes(); ++label) {
    const ClassScore& score = confusion_.score(label);
    const bool tried = score.images > 0;
    table.rows.push_back({"class", name(label), std::to_string(score.images), std::to_string(score.correct),
                          tried ? percent(score.accuracy()) : "",
                          tried && has_top5() ? percent(top5(label)) : "", tried ? percent(score.f1()) : ""});
  }
  return render_csv(table);
}

std::string Evaluation::predictions_csv(const std::string& score_name) const {
  Table table;
  table.columns = {{"picture"}, {"class"}, {"predicted"}, {score_name}, {"top5"}};
  for (size_t i = 0; i < guesses_.size(); ++i) {
    std::vector<std::string> five;
    for (const int64_t label : guesses_[i].classes) five.push_back(name(label));
    table.rows.push_back({tested_.images[i].path, name(tested_.images[i].label), five.front(),
                          fmt::format("{:.6f}", guesses_[i].probability),
                          fmt::format("{}", fmt::join(five, "|"))});
  }
  return render_csv(table);
}

std::string Evaluation::confusion_csv() const {
  Table table;
  table.columns = {{"class"}};
  for (const std::string& predicted : tested_.class_names) table.columns.push_back({predicted});
  for (int64_t label = 0; label < confusion_.classes(); ++label) {
    std::vector<Cell> row = {name(label)};
    for (int64_t predicted = 0; predicted < confusion_.classes(); ++predicted)
      row.push_back(std::to_string(confusion_.count(label, predicted)));
    table.rows.push_back(std::move(row));
  }
  return render_csv(table);
}

}  // namespace promptbed
