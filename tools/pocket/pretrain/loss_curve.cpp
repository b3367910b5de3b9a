#include "loss_curve.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "base/files.h"

namespace promptbed::pocket {
namespace {

constexpr int64_t kStepsPerLine = 20;
constexpr const char* kHeader =
    "step,learning_rate,loss,accuracy,scale,pairs_per_second,own_names,unseen_names\n";

/// The header, and the lines of an earlier training up to `step`.
std::string lines_up_to(const std::filesystem::path& path, int64_t step) {
  std::string kept = kHeader;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line) && std::atoll(line.c_str()) <= step) kept += line + '\n';
  return kept;
}

}  // namespace

LossCurve::LossCurve(const std::filesystem::path& path, int64_t step, int64_t batch) : batch_(batch) {
  write_file(path, lines_up_to(path, step));
  out_.open(path, std::ios::app);
}

void LossCurve::add(int64_t step, double learning_rate, double loss, double accuracy, double logit_scale,
                    const std::optional<NamingAccuracy>& measured) {
  losses_ += loss;
  accuracies_ += accuracy;
  if (++steps_ < kStepsPerLine && !measured) return;
  const auto steps = static_cast<double>(steps_);
  const std::chrono::duration<double> time = Clock::now() - start_;
  out_ << fmt::format("{},{:.3g},{:.4f},{:.4f},{:.3f},{:.0f},", step, learning_rate, losses_ / steps,
                      accuracies_ / steps, logit_scale, static_cast<double>(batch_) * steps / time.count())
       << (measured ? fmt::format("{:.4f},{:.4f}", measured->own_names, measured->unseen_names) : ",") << '\n'
       << std::flush;
  steps_ = 0;
  losses_ = accuracies_ = 0;
  start_ = Clock::now();
}

}  // namespace promptbed::pocket
