#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/records/runs_commands.h"
#include "report/select/run_document.h"
#include "report/select/spec_text.h"
#include "table/render.h"

namespace promptbed {
namespace {

using Json = nlohmann::ordered_json;

/// Text as it is, null as "-", anything else as JSON.
std::string value_text(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

std::string model_text(const Json& model) {
  if (model.at("name").is_null()) return value_text(model.at("fingerprint"));
  return fmt::format("{} ({}), {}", value_text(model.at("name")), value_text(model.at("architecture")),
                     value_text(model.at("fingerprint")));
}

std::string epochs_text(const Json& epochs) {
  if (epochs.is_null()) return "none";
  return fmt::format(
      "{}; loss {:.4f} in the first, {:.4f} in the last, least {:.4f} in epoch {}; {:.3f} s each",
      epochs.at("count").get<int64_t>(), epochs.at("first_loss").get<double>(),
      epochs.at("last_loss").get<double>(), epochs.at("least_loss").get<double>(),
      epochs.at("least_loss_epoch").get<int64_t>(), epochs.at("seconds_each").get<double>());
}

std::string phases_text(const Json& seconds) {
  std::vector<std::string> phases;
  for (const auto& [phase, value] : seconds.items())
    phases.push_back(fmt::format("{} {:.2f} s", phase, value.get<double>()));
  return fmt::format("{}", fmt::join(phases, ", "));
}

std::string protocols_text(const std::vector<Protocol>& protocols) {
  if (protocols.empty()) return "no protocol yet";
  std::vector<std::string_view> names;
  for (const Protocol protocol : protocols) names.push_back(to_string(protocol));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// How it was made.
void add_execution(Fields& fields, const Json& execution) {
  fields.emplace_back(
      "host", fmt::format("{}, {}", value_text(execution.at("host")), value_text(execution.at("processor"))));
  fields.emplace_back("threads", value_text(execution.at("threads")));
  fields.emplace_back("LibTorch", fmt::format("{}, BLAS {}", value_text(execution.at("torch")),
                                              value_text(execution.at("blas"))));
  fields.emplace_back("code", value_text(execution.at("code")) +
                                  (execution.at("code_has_changes").get<bool>() ? ", with changes" : ""));
  fields.emplace_back("plugin", value_text(execution.at("plugin_hash")));
  fields.emplace_back("time", phases_text(execution.at("seconds")));
  fields.emplace_back("peak memory", megabytes(execution.at("peak_memory_bytes").get<int64_t>()));
}

void add_outcome(Fields& fields, const Json& run) {
  const Json& shots = run.at("images_per_class");
  if (shots.at("most").get<int64_t>() > 0) {
    fields.emplace_back("images per class", shots.at("least") == shots.at("most")
                                                ? value_text(shots.at("most"))
                                                : fmt::format("{} to {}", value_text(shots.at("least")),
                                                              value_text(shots.at("most"))));
  }
  if (const Json& parameters = run.at("parameters"); !parameters.is_null()) {
    fields.emplace_back("learned numbers",
                        fmt::format("{}, {} without biases", value_text(parameters.at("all")),
                                    value_text(parameters.at("without_biases"))));
  }
  fields.emplace_back("epochs", epochs_text(run.at("epochs")));
  add_execution(fields, run.at("execution"));
  for (const auto& [name, hash] : run.at("hashes").items())
    fields.emplace_back("hash of " + (name == "class_names"     ? "names"
                                      : name == "trained_state" ? "state"
                                                                : name),
                        value_text(hash));
}

Table score_table(const Json& run) {
  Table table;
  table.title = "Scores";
  table.columns = {{"Dataset", Alignment::left},
                   {"Classes", Alignment::left},
                   {"Images"},
                   {"Correct"},
                   {"Accuracy"},
                   {"Macro-F1"},
                   {"Predictions", Alignment::left}};
  for (const auto& [dataset, sets] : run.at("scores").items()) {
    for (const auto& [set, score] : sets.items()) {
      table.rows.push_back({dataset, set, value_text(score.at("images")), value_text(score.at("correct")),
                            fmt::format("{:.2f}", score.at("accuracy").get<double>()),
                            fmt::format("{:.2f}", score.at("macro_f1").get<double>()),
                            value_text(score.at("predictions_hash"))});
    }
  }
  for (const auto& [dataset, sets] : run.at("refusals").items()) {
    for (const auto& [set, reason] : sets.items())
      table.notes.push_back(fmt::format("{}, {} classes: cannot: {}", dataset, set, value_text(reason)));
  }
  return table;
}

/// What the tests measured besides; without rows for a run of an earlier version.
Table measurement_table(const Json& run) {
  constexpr std::pair<const char*, const char*> kNames[] = {
      {measured::kPerClass, "Per class"}, {measured::kConfidence, "Confidence"},
      {measured::kError, "ECE"},          {measured::kAdaptiveError, "Adaptive ECE"},
      {measured::kAuroc, "AUROC"},        {measured::kOpenWorldAuc, "OpenworldAUC"}};
  Table table;
  table.title = "Measurements (%)";
  table.columns = {{"Dataset", Alignment::left}, {"Classes", Alignment::left}};
  for (const auto& [name, title] : kNames) table.columns.push_back({title});
  for (const auto& [dataset, sets] : run.at("scores").items()) {
    for (const auto& [set, score] : sets.items()) {
      if (!score.contains("measurements")) continue;
      auto& cells = table.rows.emplace_back(std::vector<Cell>{dataset, set});
      for (const auto& [name, title] : kNames) {
        const auto found = score.at("measurements").find(name);
        cells.emplace_back(
            found == score.at("measurements").end() ? "-" : fmt::format("{:.2f}", found->get<double>()));
      }
    }
  }
  return table;
}

/// How base and new went while it was trained; without rows unless that was tracked.
Table tracked_table(const Json& run) {
  Table table;
  table.title = "Accuracy by epoch (%)";
  table.columns = {{"Epoch"}, {"Base"}, {"New"}};
  if (run.at("tracked").is_null()) return table;
  const auto shown = [](const Json& accuracy) {
    return accuracy.is_null() ? "-" : fmt::format("{:.2f}", accuracy.get<double>());
  };
  for (const Json& epoch : run.at("tracked"))
    table.rows.push_back({value_text(epoch.at("epoch")), shown(epoch.at("base")), shown(epoch.at("new"))});
  return table;
}

std::string run_text(const RunRecord& record, const Json& run) {
  Fields fields = {
      {"status",
       fmt::format("{}, {}", value_text(run.at("status")),
                   record.attempts == 1 ? "1 attempt" : fmt::format("{} attempts", record.attempts))}};
  if (!record.error.empty()) fields.emplace_back("last error", record.error);
  if (record.owner)
    fields.emplace_back("running in", fmt::format("process {} on {}", record.owner->pid, record.owner->host));
  fields.emplace_back("started", record.created);
  if (!record.ended.empty()) fields.emplace_back("ended", record.ended);
  fields.emplace_back("asked for by", protocols_text(record.protocols));
  for (auto& field : fields_of(record.spec)) {
    if (field.first == "model") field.second = model_text(run.at("model"));
    fields.push_back(std::move(field));
  }
  const bool finished = !run.at("execution").is_null();
  if (finished) add_outcome(fields, run);
  fields.emplace_back("prompt", value_text(run.at("prompt")));
  fields.emplace_back("log", value_text(run.at("log")));
  std::string text = render_fields("run " + record.id, fields);
  if (!finished) return text;
  text += '\n' + render_text(score_table(run), output_style());
  for (const Table& table : {measurement_table(run), tracked_table(run)}) {
    if (!table.rows.empty()) text += '\n' + render_text(table, output_style());
  }
  return text;
}

}  // namespace

int show_run(const Arguments& arguments) {
  const std::optional<Values> values = parse(
      arguments,
      {.usage = "runner runs show ID [OPTIONS]",
       .explanation = "Prints everything known about a run: its settings, its results, how it was made, and\n"
                      "where its trained prompt and its log are.\n\n"
                      "  runner runs show 4f1d\n"
                      "  runner runs show 4f1d --format json",
       .options = {{"options", {text_or_json(), shared("db")}}},
       .takes_arguments = true});
  if (!values) return kAllDone;
  const bool json = values->one_of("format", kTextJson) == OutputFormat::json;
  const std::string id = values->only_argument("runs show", "the id of a run (see runner runs list)");
  const Ledger ledger = open_ledger(*values);
  const RunRecord run = ledger.find(id);
  const Json document = document_of(run, ledger);
  fmt::print("{}", json ? json_text(document) : printable_lines(run_text(run, document)));
  return kAllDone;
}

}  // namespace promptbed
