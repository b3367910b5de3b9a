#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "report/select/condition.h"

namespace promptbed {

/// What a printed mean is followed by.
enum class Spread {
  none,
  deviation,  ///< population standard deviation over seeds, as the reference prints it
  interval,   ///< half of Student's 95 % interval over seeds
};

/// Which results to report, and how: the same for all tables. An empty list or text takes all that the ledger
/// holds.
struct ReportQuery {
  std::vector<std::string> methods = {};   ///< in this order
  std::vector<std::string> datasets = {};  ///< in this order; in transfer tables, the targets
  std::vector<int64_t> shots = {};         ///< a table of one number of shots takes 16 where none is given
  std::vector<int64_t> seeds = {};         ///< methods without training match any shots and seeds
  std::vector<Condition> where = {};       ///< settings that runs must have, all of them
  std::string model = {};                  ///< fingerprint of the frozen weights, or how it begins
  std::string source = {};                 ///< trained on, in transfer tables
  std::vector<std::string> order = {};     ///< of datasets that are not named; others follow by name
  Spread spread = Spread::none;
};

/// The choices that were made, for those who read the JSON later.
nlohmann::json to_json(const ReportQuery& query);

}  // namespace promptbed
