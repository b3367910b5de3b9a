#include "results/ledger_seals.h"

#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <map>
#include <vector>

#include "base/hash.h"
#include "results/ledger_sql.h"

namespace promptbed {
namespace {

using Columns = std::vector<const char*>;

/// The sealed columns of each table. Both this and the order are part of the schema.
const std::map<std::string, Columns, std::less<>>& sealed_columns() {
  static const std::map<std::string, Columns, std::less<>> tables = {
      {"run",
       {"id", "spec", "model", "dataset", "classes", "shots", "seed", "method", "method_version", "sequence",
        "draw_hash", "class_names_hash", "state_hash", "shots_least", "shots_most", "parameters",
        "parameters_without_biases"}},
      {"score",
       {"run", "dataset", "class_set", "images", "correct", "accuracy", "macro_f1", "predictions_hash",
        "split_hash"}},
      {"refusal", {"run", "dataset", "class_set", "reason", "split_hash"}},
      {"epoch", {"run", "epoch", "loss", "learning_rate", "seconds"}},
      {"tracked", {"run", "epoch", "class_set", "accuracy"}},
      {"execution",
       {"run", "attempt", "host", "processor", "threads", "precision", "torch_version", "blas",
        "code_version", "dirty", "plugin_hash", "seconds", "cache_hits", "peak_memory", "test_images"}},
      {"measurement", {"run", "dataset", "class_set", "name", "value"}},
      {"reliability", {"run", "dataset", "class_set", "bins"}},
      {"asked", {"run", "protocol"}},
      {"model", {"fingerprint", "name", "architecture"}}};
  return tables;
}

void add_value(Hasher& hasher, sqlite3_value* value) {
  const int type = ::sqlite3_value_type(value);
  hasher.add(int64_t{type});
  if (type == SQLITE_INTEGER) {
    hasher.add(int64_t{::sqlite3_value_int64(value)});
  } else if (type == SQLITE_FLOAT) {
    const double number = ::sqlite3_value_double(value);
    hasher.add(std::as_bytes(std::span(&number, 1)));
  } else if (type != SQLITE_NULL) {
    const auto* bytes = static_cast<const char*>(::sqlite3_value_blob(value));
    hasher.add(std::string_view(bytes, static_cast<size_t>(::sqlite3_value_bytes(value))));
  }
}

void seal(sqlite3_context* context, int count, sqlite3_value** values) {
  Hasher hasher;
  for (int i = 0; i < count; ++i) add_value(hasher, values[i]);
  ::sqlite3_result_int64(context, static_cast<sqlite3_int64>(hasher.low64()));
}

std::string sealing(const std::string& table) {
  return fmt::format("UPDATE {} SET seal = {} WHERE seal IS NULL", table, seal_of(table));
}

}  // namespace

void add_seal_function(SQLite::Database& database) {
  constexpr int kAnyCount = -1;
  database.createFunction("seal", kAnyCount, /*abDeterministic=*/true, nullptr, &seal);
}

const std::string& seal_of(std::string_view table) {
  static const auto expressions = [] {
    std::map<std::string, std::string, std::less<>> made;
    for (const auto& [name, columns] : sealed_columns())
      made[name] = fmt::format("seal({0}.{1})", name, fmt::join(columns, fmt::format(", {}.", name)));
    return made;
  }();
  const auto found = expressions.find(table);
  if (found == expressions.end()) throw std::out_of_range(fmt::format("table {} has no seals", table));
  return found->second;
}

void seal_new_rows(SQLite::Database& database) {
  for (const auto& [table, columns] : sealed_columns()) database.exec(sealing(table));
}

void seal_new_rows(LedgerDatabase& database, const std::set<std::string>& runs) {
  for (const auto& [table, columns] : sealed_columns()) {
    if (table == "model") continue;
    const std::string sql = fmt::format("{} AND {} = ?", sealing(table), columns.front());
    for (const std::string& run : runs) database.execute(sql, run);
  }
}

}  // namespace promptbed
