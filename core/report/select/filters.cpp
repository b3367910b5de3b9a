#include "report/select/filters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

namespace promptbed {
namespace {

constexpr size_t kMostListed = 8;
constexpr size_t kShownFingerprint = 16;

/// What a run has where a filter looks; nothing for a run that the filter does not apply to.
using Held = std::optional<std::string>;
using HeldBy = std::function<Held(const RunResults& run)>;

/// One filter of a query.
struct Filter {
  std::string text;  ///< as it was typed: "--shots 3"
  HeldBy held;
  ReportQuery only, rest;  ///< the query with this filter alone, and with all others

  /// The option and its values as they are held; none of conditions and of a fingerprint's beginning.
  std::string option = {};
  std::set<std::string> values = {};
};

template <class Value>
void add(std::vector<Filter>& filters, const char* option, const ReportQuery& query,
         std::vector<Value> ReportQuery::*member, HeldBy held) {
  const std::vector<Value>& wanted = query.*member;
  if (wanted.empty()) return;
  Filter filter{.text = fmt::format("--{} {}", option, fmt::join(wanted, ",")),
                .held = std::move(held),
                .only = {},
                .rest = query,
                .option = fmt::format("--{}", option)};
  filter.only.*member = wanted;
  for (const Value& value : wanted) filter.values.insert(fmt::format("{}", value));
  (filter.rest.*member).clear();
  filters.push_back(std::move(filter));
}

void add_condition(std::vector<Filter>& filters, const ReportQuery& query, size_t number) {
  const Condition& condition = query.where[number];
  const auto held = [condition](const RunResults& run) { return value_for(condition, run.spec()); };
  Filter filter{
      .text = "--where " + condition.text(), .held = held, .only = {.where = {condition}}, .rest = query};
  filter.rest.where.erase(filter.rest.where.begin() + static_cast<std::ptrdiff_t>(number));
  filters.push_back(std::move(filter));
}

std::vector<Filter> filters_of(const ReportQuery& query) {
  std::vector<Filter> filters;
  add(filters, "methods", query, &ReportQuery::methods,
      [](const RunResults& run) -> Held { return run.spec().method; });
  add(filters, "datasets", query, &ReportQuery::datasets,
      [](const RunResults& run) -> Held { return run.spec().dataset; });
  add(filters, "shots", query, &ReportQuery::shots, [](const RunResults& run) -> Held {
    return run.is_trained() ? Held(std::to_string(run.spec().shots)) : Held();
  });
  add(filters, "seeds", query, &ReportQuery::seeds, [](const RunResults& run) -> Held {
    return run.has_seed() ? Held(std::to_string(run.spec().seed)) : Held();
  });
  for (size_t number = 0; number < query.where.size(); ++number) add_condition(filters, query, number);
  if (query.model.empty()) return filters;
  filters.push_back(
      {.text = "--fingerprint " + query.model,
       .held = [](const RunResults& run) -> Held { return run.spec().model.substr(0, kShownFingerprint); },
       .only = {.model = query.model},
       .rest = query});
  filters.back().rest.model.clear();
  return filters;
}

/// What the runs that a filter applies to have where it looks.
std::set<std::string> values_in(const Runs& runs, const HeldBy& held) {
  std::set<std::string> values;
  for (const RunResults* run : runs) {
    if (const Held value = held(*run)) values.insert(*value);
  }
  return values;
}

bool is_number(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos;
}

/// "4, 16", numbers by size; of many values the first "and 7 more".
std::string list_of(const std::set<std::string>& values) {
  std::vector<std::string> listed(values.begin(), values.end());
  if (std::ranges::all_of(listed, is_number))
    std::ranges::stable_sort(listed, {}, [](const std::string& text) { return text.size(); });
  const size_t more = listed.size() - std::min(listed.size(), kMostListed);
  listed.resize(listed.size() - more);
  return fmt::format("{}{}", fmt::join(listed, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

std::string blame(const Filter& filter, const std::set<std::string>& there, bool is_alone) {
  return fmt::format("{}{}; choose among {}", filter.text, is_alone ? "" : " and the other choices",
                     list_of(there));
}

}  // namespace

std::optional<std::string> blame_filter(const ReportQuery& query, const TakenRuns& taken) {
  const std::vector<Filter> filters = filters_of(query);
  if (filters.empty()) return {};
  const Runs kept = taken(query);
  for (const Filter& filter : filters) {
    if (!values_in(kept, filter.held).empty()) continue;
    const std::set<std::string> there = values_in(taken(filter.rest), filter.held);
    if (there.empty()) continue;
    return blame(filter, there, values_in(taken(filter.only), filter.held).empty());
  }
  // Several are to blame, each by itself.
  for (const Filter& filter : filters) {
    const std::set<std::string> there = values_in(taken({}), filter.held);
    if (kept.empty() && !there.empty() && values_in(taken(filter.only), filter.held).empty())
      return blame(filter, there, /*is_alone=*/true);
  }
  return {};
}

std::vector<std::string> unmatched_values(const Snapshot& snapshot, const ReportQuery& query) {
  ReportQuery doubtful = query;
  std::erase_if(doubtful.datasets, [&](const std::string& target) {  // as which datasets are chosen, too
    return std::ranges::any_of(snapshot.runs(), [&](const RunResults& run) {
      return std::ranges::find(run.scores, target, &Score::dataset) != run.scores.end() ||
             std::ranges::find(run.refusals, target, &Refusal::dataset) != run.refusals.end();
    });
  });
  const Runs all = runs_in(snapshot, {}, {}, {});
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& sought, size_t count, const HeldBy& held) {
    const std::set<std::string> there = values_in(all, held);
    if (there.empty()) return;  // the filter applies to no run
    warnings.push_back(fmt::format("{}: no run has {}; choose among {}", sought,
                                   count == 1 ? "that" : "those", list_of(there)));
  };
  for (const Filter& filter : filters_of(doubtful)) {
    const std::set<std::string> there = filter.values.empty() ? filter.values : values_in(all, filter.held);
    std::set<std::string> absent;
    std::ranges::set_difference(filter.values, there, std::inserter(absent, absent.end()));
    if (!absent.empty()) warn(filter.option + ' ' + list_of(absent), absent.size(), filter.held);
  }
  for (const Condition& condition : query.where) {
    const auto held = [&](const RunResults& run) { return value_for(condition, run.spec()); };
    Condition absent = condition;
    std::erase_if(absent.values, [&](const std::string& value) {
      if (value == "none") return true;  // is had by runs without the setting
      const Condition alone{condition.method, condition.setting, {value}};
      return !values_in(runs_in(snapshot, {.where = {alone}}, {}, {}), held).empty();
    });
    if (!absent.values.empty()) warn("--where " + absent.text(), absent.values.size(), held);
  }
  return warnings;
}

Runs found_runs(const Snapshot& snapshot, const ReportQuery& query, std::optional<Protocol> protocol,
                std::optional<RunStatus> status) {
  const auto taken = [&](const ReportQuery& other) { return runs_in(snapshot, other, protocol, status); };
  if (const auto blamed = blame_filter(query, taken)) {
    const std::string_view state = !status                       ? ""
                                   : status == RunStatus::done   ? "finished "
                                   : status == RunStatus::failed ? "failed "
                                                                 : "running ";
    throw Error(fmt::format("{}: holds no {}{}{}run with {}", snapshot.path().string(), state,
                            protocol ? to_string(*protocol) : "", protocol ? " " : "", *blamed));
  }
  return taken(query);
}

}  // namespace promptbed
