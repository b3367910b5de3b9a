#include "data/suites/suite.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <system_error>

#include "base/suggestion.h"
#include "formats/json_object.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuiteFile = "suite.json";

std::vector<std::string> dataset_ids(const Suite& suite) {
  std::vector<std::string> ids;
  for (const DatasetSpec& spec : suite.datasets) ids.push_back(spec.id);
  return ids;
}

/// What a suite embeds under the key, or an empty path. It may belong to a neighbouring suite, so '..' is
/// allowed.
fs::path read_embedded(JsonObject& fields, std::string_view key, const fs::path& suite) {
  const fs::path path = fields.text_or(key, "");
  if (path.empty()) return {};
  if (path.is_absolute()) throw Error(fields.fault(key, "must be relative to the suite's folder"));
  return (suite / path).lexically_normal();
}

void read_embedded(JsonObject& fields, const fs::path& folder, Suite& suite) {
  suite.model = read_embedded(fields, "model", folder);
  suite.data = read_embedded(fields, "data", folder);
  suite.features = read_embedded(fields, "features", folder);
  if (!suite.features.empty() && (suite.model.empty() || suite.data.empty()))
    throw Error(fields.fault("features", "needs 'model' and 'data'; add what the features were made from"));
}

std::vector<std::string> suite_ids(const fs::path& folder) {
  std::error_code failure;
  std::vector<std::string> ids;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    if (fs::exists(entry.path() / kSuiteFile)) ids.push_back(entry.path().filename().string());
  }
  if (failure)
    throw Error(fmt::format("{}: is not a folder of suites ({}); give one that holds SUITE/{}",
                            folder.string(), failure.message(), kSuiteFile));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

const DatasetSpec& Suite::at(std::string_view dataset) const {
  for (const DatasetSpec& spec : datasets) {
    if (spec.id == dataset) return spec;
  }
  throw Error(fmt::format("suite '{}' has no dataset '{}'; {}", id, dataset,
                          remedy_for(dataset, dataset_ids(*this))));
}

Suite read_suite(const fs::path& folder, std::string_view id) {
  const std::vector<std::string> known = suite_ids(folder);
  if (std::find(known.begin(), known.end(), id) == known.end())
    throw Error(fmt::format("{}: has no suite '{}'; {}", folder.string(), id, remedy_for(id, known)));
  JsonObject fields = JsonObject::read(folder / id / kSuiteFile);
  Suite suite;
  suite.id = fields.text("id");
  if (suite.id != id)
    throw Error(fields.fault("id", fmt::format("is '{}'; it must equal the folder's name", suite.id)));
  suite.title = fields.text("title");
  CropRange crops;
  if (fields.has("crops")) crops = parse_crops(fields.text("crops"), fields.place("crops"));
  for (const std::string& dataset : fields.texts("datasets")) {
    suite.datasets.push_back(read_dataset_spec(folder / id / (dataset + ".json")));
    suite.datasets.back().crops = crops;
  }
  suite.shifts = fields.text_or("shifts", "");
  read_embedded(fields, folder / id, suite);
  fields.refuse_others();
  return suite;
}

std::vector<Suite> read_suites(const fs::path& folder) {
  std::vector<Suite> suites;
  for (const std::string& id : suite_ids(folder)) suites.push_back(read_suite(folder, id));
  return suites;
}

}  // namespace promptbed
