#include "sweep/followed_log.h"

#include <fmt/format.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <system_error>
#include <utility>

namespace promptbed {

FollowedLog::FollowedLog(std::filesystem::path log) : log_(std::move(log)) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(log_, missing);
  if (!missing) read_ = static_cast<std::streamoff>(size);
}

std::vector<std::string> FollowedLog::new_lines() {
  std::vector<std::string> lines;
  std::ifstream in(log_);
  in.seekg(read_);
  // A line without an end is still being written.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    read_ += static_cast<std::streamoff>(line.size()) + 1;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::optional<LoggedEpoch> epoch_in(const std::string& line) {
  LoggedEpoch found;
  // A loss may be "nan".
  const int read = std::sscanf(line.c_str(), "epoch %" SCNd64 " of %" SCNd64 ": loss %*f, rate %*f, %lf s",
                               &found.epoch, &found.epochs, &found.seconds);
  return read == 3 && found.epoch >= 1 && found.epoch <= found.epochs ? std::optional(found) : std::nullopt;
}

void FollowedTraining::update() {
  for (const std::string& line : log_.new_lines()) last_ = epoch_in(line).value_or(last_);
}

double FollowedTraining::share() const {
  return last_.epochs == 0 ? 0 : static_cast<double>(last_.epoch) / static_cast<double>(last_.epochs + 1);
}

std::string FollowedTraining::text() const {
  if (last_.epochs == 0) return "";
  return last_.epoch == last_.epochs ? "tests" : fmt::format("epoch {} of {}", last_.epoch, last_.epochs);
}

}  // namespace promptbed
