#include "naming.h"

#include <ATen/ATen.h>

#include <limits>

#include "augmentation.h"
#include "captions.h"

namespace promptbed::pocket {

NamingTest::NamingTest(const HeldOut& held_out, const PairSet& pairs, const Tokenizer& tokenizer,
                       const Preprocessing& preprocessing, int64_t context_length) {
  const auto render = [&](const NamingTask& task) {
    Sheet sheet;
    if (task.pairs.empty()) return sheet;
    std::vector<Tensor> pictures;
    for (const int64_t pair : task.pairs)
      pictures.push_back(plain_rendering(pairs.picture(pair), preprocessing.size));
    sheet.input.pixels = as_pixels(pictures, preprocessing);
    for (const std::string& name : task.names)
      sheet.input.captions.push_back(caption_tokens(tokenizer, plain_caption(name), context_length));
    sheet.answers =
        torch::tensor(at::ArrayRef<int64_t>(task.answers.data(), task.answers.size()), torch::kLong);
    return sheet;
  };
  own_names_ = render(held_out.own_names);
  unseen_names_ = render(held_out.unseen_names);
}

NamingAccuracy NamingTest::measure(TrainableTowers& towers) const {
  return {accuracy(own_names_, towers), accuracy(unseen_names_, towers)};
}

double NamingTest::accuracy(const Sheet& sheet, TrainableTowers& towers) {
  if (!sheet.answers.defined()) return std::numeric_limits<double>::quiet_NaN();
  const auto [images, names] = towers.features(sheet.input);
  // The lengths of the images' features do not change which name is nearest.
  return at::matmul(images, normalised(names).t())
      .argmax(1)
      .eq(sheet.answers)
      .to(torch::kDouble)
      .mean()
      .item<double>();
}

}  // namespace promptbed::pocket
