#include <gtest/gtest.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "report/figures/gnuplot.h"
#include "report/frozen/frozen_commands.h"
#include "report/page/make_page.h"
#include "support/scratch.h"
#include "table/render.h"

namespace promptbed {
namespace {

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream words(list);
  for (std::string part; std::getline(words, part, ',');) parts.push_back(part);
  return parts;
}

std::vector<int64_t> numbers_in(const std::string& list) {
  std::vector<int64_t> numbers;
  for (const std::string& part : parts_of(list)) numbers.push_back(std::stoll(part));
  return numbers;
}

/// The words of `runner report`, as the command reads them.
struct Words {
  PageRequest page;
  std::string format = "text", plot;

  explicit Words(const std::vector<std::string>& words) {
    TableRequest& table = page.table;
    table.kind = &table_kind("base-new");
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "--paper") {
        table.paper = true;
        continue;
      }
      const std::string &option = words[i], &value = words[++i];
      if (option == "--table") {
        table.kind = &table_kind(value);
        page.names_table = true;
      }
      if (option == "--versus") table.versus = value;
      if (option == "--format") format = value;
      if (option == "--plot") plot = value;
      if (option == "--suite") page.suite = value;
      if (option == "--source") table.query.source = value;
      if (option == "--methods") table.query.methods = parts_of(value);
      if (option == "--datasets") table.query.datasets = parts_of(value);
      if (option == "--shots") table.query.shots = numbers_in(value);
      if (option == "--seeds") table.query.seeds = numbers_in(value);
      if (option == "--where") table.query.where.push_back(parse_condition(value));
      if (option == "--spread") {
        table.query.spread = value == "sd"         ? Spread::deviation
                             : value == "interval" ? Spread::interval
                                                   : Spread::none;
      }
    }
  }
};

std::string rendered(const Report& report, const std::string& format, const TableRequest& request) {
  if (format == "markdown") return render_markdown(report.table);
  if (format == "latex") return render_latex(report.table);
  if (format == "csv") return render_csv(report.records);
  if (format == "text") return render_text(report.table);
  nlohmann::json query = to_json(request.query);
  query["table"] = request.kind->name;
  if (request.versus) query["versus"] = *request.versus;
  return render_json(report.records, query);
}

class FrozenReports : public ::testing::Test {
 protected:
  std::string answer(const std::vector<std::string>& arguments) {
    Words words(arguments);
    const ReportSources sources(ledger_, kSuites);
    if (words.format == "html") return render_page(make_page(sources, words.page));
    TableRequest& request = words.page.table;
    choose_suite(request, sources, words.page.suite);
    if (!words.plot.empty()) return draw(make_plot(sources, request), plot_format(words.plot));
    return rendered(make_exhibit(sources, request).report, words.format, request);
  }

  /// What `runner report` prints, from the test's own folder.
  std::string printed(const std::vector<std::string>& arguments) {
    std::string text;
    try {
      text = answer(arguments);
    } catch (const Error& fault) {
      text = fmt::format("runner: {}\n", fault.what());
    }
    const std::string folder = scratch_.path().string() + "/";
    for (size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) text.erase(at, folder.size());
    return test::without_passing_things(text);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_ = Ledger::open_existing(test::put_ledger(scratch_.path()));
};

TEST_F(FrozenReports, AreByteForByteWhatTheyWere) {
  int64_t compared = 0;
  for (const auto& [output, arguments] : test::frozen_commands()) {
    if (arguments.front() != "report") continue;
    EXPECT_EQ(printed(arguments), read_file(test::kFrozen / "outputs" / output)) << output;
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

// Before there was one reading for all sections, the page of this ledger cost 71 listings of its runs, 22
// readings of all scores, 13 of all refusals and 119 of a run's outcome.
TEST_F(FrozenReports, APageReadsTheLedgerEightTimes) {
  const ReportSources sources(ledger_, kSuites);
  make_page(sources, {.table = {.kind = &table_kind("base-new")}});
  EXPECT_EQ(sources.snapshot.reads(), 8)
      << "runs, scores, refusals, models, executions, epochs, confidences and what was tracked";
}

TEST_F(FrozenReports, ATableReadsItThreeTimes) {
  const ReportSources sources(ledger_, kSuites);
  make_exhibit(sources, {.kind = &table_kind("base-new"), .query = {.shots = {4}}});
  EXPECT_EQ(sources.snapshot.reads(), 3) << "runs, scores and refusals";
}

}  // namespace
}  // namespace promptbed
