#include "clip/checkpoints/torch_files.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "formats/pickle.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class TorchWriter : public testing::Test {
 protected:
  test::ScratchFolder scratch_;
  const std::filesystem::path path_ = scratch_ / "made/model.pth.tar-5";
};

TEST_F(TorchWriter, WritesTensorsThatAreReadBackAsTheyWere) {
  const Tensor base = at::arange(12, torch::kFloat).view({3, 4});
  const TorchDict state = {{"transposed", base.t()},
                           {"halves", base.to(torch::kHalf)},
                           {"integers", at::arange(3)},
                           {"scalar", at::full({}, 2.5)},
                           {"empty", at::empty({0, 4})}};
  write_torch_file(path_, {{"state_dict", state}});
  const auto read = read_state_dict(path_);
  ASSERT_EQ(read.size(), state.size());
  for (const TorchEntry& entry : state) {
    const Tensor& expected = std::get<Tensor>(entry.value);
    EXPECT_EQ(read.at(entry.key).scalar_type(), expected.scalar_type()) << entry.key;
    EXPECT_TRUE(at::equal(read.at(entry.key), expected)) << entry.key;
  }
}

TEST_F(TorchWriter, WritesNumbersTextsNoneAndDicts) {
  write_torch_file(path_, {{"epoch", int64_t{-7'000'000'000}},
                           {"result", {}},
                           {"texts", TorchDict{{"Bücher", std::string("\"a\"\n")}, {"", std::string()}}}});
  const TorchArchive archive(path_);
  const PickleEntries& root = *entries_of(archive.root());
  EXPECT_EQ(*find_entry(root, "epoch")->as<int64_t>(), -7'000'000'000);
  EXPECT_NE(find_entry(root, "result")->as<PickleNone>(), nullptr);
  const PickleEntries& texts = *entries_of(*find_entry(root, "texts"));
  EXPECT_EQ(*find_entry(texts, "Bücher")->as<std::string>(), "\"a\"\n");
  EXPECT_EQ(*find_entry(texts, "")->as<std::string>(), "");
  EXPECT_EQ(find_entry(root, "none"), nullptr);
}

TEST_F(TorchWriter, RefusesTypesThatItDoesNotKnow) {
  EXPECT_ERROR(write_torch_file(path_, {{"flags", at::ones({2}, torch::kBool)}}), "a tensor of Bool");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace promptbed
