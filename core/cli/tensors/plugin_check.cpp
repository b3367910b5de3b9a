#include "cli/tensors/plugin_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/processes.h"
#include "base/signals.h"
#include "cli/command.h"
#include "methods/method_check.h"
#include "methods/method_registry.h"
#include "sweep/typical_tasks.h"

namespace promptbed {
namespace {

using nlohmann::json;
using Tell = std::function<void(const json& message)>;

// What a child tells: {"begin": RULE}, {"end": RULE, "verdict": 0, "why": TEXT}, {"method": ...}, and
// {"wrong": TEXT} where the check itself cannot go on.

/// What a child that loads the plugin tells of a method.
struct Offered {
  std::string name, summary;
  int version = 0;
};

struct Tally {
  int64_t kept = 0, broken = 0, idle = 0;
};

/// Runs `action` in a child and passes on what it tells, but for what is wrong: that is thrown as Error.
/// Returns how the child came to a bad end, or "".
std::string in_child(const std::function<void(const Tell& tell)>& action,
                     const std::function<void(const json& message)>& hear) {
  std::string wrong;
  const std::string accident = run_in_child(
      [&](const auto& tell_line) {
        const Tell tell = [&](const json& message) {
          tell_line(message.dump(-1, ' ', false, json::error_handler_t::replace));
        };
        leave_crashes_alone();
        try {
          action(tell);
        } catch (const Interrupted&) {  // this process has been asked to stop, too
        } catch (const std::exception& fault) {
          const std::string text = fault.what();
          tell({{"wrong", text.substr(0, text.find('\n'))}});
        }
      },
      [&](const std::string& line) {
        const json message = json::parse(line);
        if (message.contains("wrong")) {
          wrong = message["wrong"];
        } else {
          hear(message);
        }
      });
  check_interrupt();
  if (!wrong.empty()) throw Error(wrong);
  return accident;
}

/// Loads the plugin where a crash of its own code does no harm.
std::vector<Offered> offered_by(const std::filesystem::path& file) {
  std::vector<Offered> methods;
  const std::string accident = in_child(
      [&](const Tell& tell) {
        const MethodRegistry registry = MethodRegistry::of_plugin(file);
        for (const Method& method : registry.methods())
          tell({{"method", method.name()},
                {"version", method.spec->version},
                {"summary", method.spec->summary}});
      },
      [&](const json& told) {
        methods.push_back({told.at("method"), told.at("summary"), told.at("version").get<int>()});
      });
  if (!accident.empty()) {
    throw Error(
        fmt::format("plugin {}: ends the program with {} when it is loaded; mend what it does before "
                    "any method is called",
                    file.string(), accident));
  }
  return methods;
}

/// Those of `offered` that are named, or all.
std::vector<Offered> chosen(const std::vector<Offered>& offered, const std::vector<std::string>& names,
                            const std::filesystem::path& file) {
  if (names.empty()) return offered;
  std::vector<Offered> methods;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(offered.begin(), offered.end(), [&](const Offered& o) { return o.name == name; });
    if (found == offered.end()) {
      std::vector<std::string> known;
      for (const Offered& method : offered) known.push_back(method.name);
      throw Error(fmt::format("plugin {}: offers no method {}; it has {}", file.string(), name,
                              fmt::join(known, ", ")));
    }
    methods.push_back(*found);
  }
  return methods;
}

void print_rule(const char* mark, const std::string& rule, const std::string& why) {
  fmt::print("  {:<5} {:<11} {}{}{}\n", mark, rule, statement_of_rule(rule), why.empty() ? "" : ": ", why);
  std::fflush(stdout);
}

void try_method(const std::filesystem::path& file, const std::string& name, const Tell& tell) {
  const MethodRegistry registry = MethodRegistry::of_plugin(file);
  const Method& method = registry.at(name);
  const CheckedMethod checked{
      .training = method.spec->training,
      .options = method.default_options(),
      .create = [&](const Options& options) { return registry.create(method, options); }};
  check_method(checked, typical_tasks(),
               {.begin =
                    [&](std::string_view rule) {
                      tell({{"begin", rule}});
                    },
                .end =
                    [&](std::string_view rule, const RuleReport& report) {
                      tell({{"end", rule}, {"verdict", report.verdict}, {"why", report.why}});
                    }});
}

Tally check_offered(const std::filesystem::path& file, const Offered& method) {
  Tally tally;
  std::string rule;  // at work
  const std::string accident = in_child(
      [&](const Tell& tell) { try_method(file, method.name, tell); },
      [&](const json& told) {
        if (told.contains("begin")) {
          rule = told["begin"];
          return;
        }
        const auto verdict = told.at("verdict").get<Verdict>();
        print_rule(verdict == Verdict::kept     ? "pass"
                   : verdict == Verdict::broken ? "FAIL"
                                                : "-",
                   rule, told.at("why"));
        ++(verdict == Verdict::kept ? tally.kept : verdict == Verdict::broken ? tally.broken : tally.idle);
      });
  if (!accident.empty()) {
    print_rule("FAIL", rule, fmt::format("the plugin ended its process with {}", accident));
    ++tally.broken;
  }
  return tally;
}

}  // namespace

int check_plugin(const std::filesystem::path& file, const std::vector<std::string>& names) {
  const std::vector<Offered> methods = chosen(offered_by(file), names, file);
  fmt::print("plugin {} (interface {}, LibTorch {}, {})\n", file.string(), kInterfaceVersion, TORCH_VERSION,
             kAbiTag);
  bool all_kept = true;
  for (const Offered& method : methods) {
    fmt::print("\n{} (version {}): {}\n", method.name, method.version, method.summary);
    const Tally tally = check_offered(file, method);
    fmt::print("  {} rule{} kept, {} broken, {} not for this method\n", tally.kept,
               tally.kept == 1 ? "" : "s", tally.broken, tally.idle);
    all_kept = all_kept && tally.broken == 0;
  }
  return all_kept ? kAllDone : kSomeFailed;
}

}  // namespace promptbed
