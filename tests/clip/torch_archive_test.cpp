#include "clip/checkpoints/torch_files.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <numeric>

#include "base/files.h"
#include "clip/checkpoints/tensor_file.h"
#include "clip/torch_file.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::ForgedPickle;

/// An archive with one storage, "0", of the floats 0, 1, ..., 5.
class StateDict : public ::testing::Test {
 protected:
  std::map<std::string, Tensor> read(const ForgedPickle& pickle) {
    std::vector<float> values(6);
    std::iota(values.begin(), values.end(), 0.0f);
    test::write_torch_archive(
        scratch_ / "model.pt", pickle.bytes(),
        {{"0", std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float))}});
    return read_tensor_file(scratch_ / "model.pt");
  }

  std::map<std::string, Tensor> read_tensor(int64_t offset, at::IntArrayRef sizes, at::IntArrayRef strides) {
    return read(ForgedPickle().op("}").text("x").tensor("FloatStorage", "0", offset, sizes, strides).op("s"));
  }

  test::ScratchFolder scratch_;
};

TEST_F(StateDict, GivesViewsOfTheStorage) {
  const Tensor x = read_tensor(1, {2, 2}, {1, 3}).at("x");
  EXPECT_TRUE(at::equal(x, at::tensor({1.0f, 4.0f, 2.0f, 5.0f}).view({2, 2})));
  EXPECT_EQ(read_tensor(5, {}, {}).at("x").item<float>(), 5);
  EXPECT_EQ(read_tensor(6, {0, 3}, {3, 1}).at("x").numel(), 0);
}

TEST_F(StateDict, TensorsOutliveTheFile) {
  const Tensor x = read_tensor(0, {6}, {1}).at("x");
  std::filesystem::remove(scratch_ / "model.pt");
  EXPECT_EQ(x.sum().item<float>(), 15);
}

TEST_F(StateDict, ReadsEveryKindOfDict) {
  const auto filled = [](ForgedPickle pickle) {
    return pickle.text("x").tensor("FloatStorage", "0", 0, {6}, {1}).op("s");
  };
  EXPECT_EQ(read(filled(ForgedPickle().op("}"))).size(), 1U);
  EXPECT_EQ(read(filled(ForgedPickle().ordered_dict())).size(), 1U);
  EXPECT_EQ(read(filled(ForgedPickle().global("collections", "defaultdict").op("N\x85R"))).size(), 1U);
  // an OrderedDict with attributes, as state_dict() makes it
  EXPECT_EQ(read(filled(ForgedPickle().ordered_dict()).op("}").text("_metadata").op("Nsb")).size(), 1U);
}

TEST_F(StateDict, UnwrapsAndLeavesTheRestAlone) {
  ForgedPickle pickle;
  pickle.op("}(").text("epoch").integer(3).text("optimizer");
  pickle.op("}").text("y").tensor("FloatStorage", "missing", 0, {6}, {1}).op("s");
  pickle.text("state_dict").ordered_dict().op("(").text("n").integer(5).integer(6).op("N").text("x");
  pickle.tensor("FloatStorage", "0", 0, {6}, {1}).op("uu");
  const auto tensors = read(pickle);
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_TRUE(tensors.contains("x"));
}

TEST_F(StateDict, ReadsParameters) {
  ForgedPickle pickle;
  pickle.op("}").text("x").global("torch._utils", "_rebuild_parameter").op("(");
  pickle.tensor("FloatStorage", "0", 2, {1}, {1}).op("\x88").ordered_dict().op("tRs");
  EXPECT_EQ(read(pickle).at("x").item<float>(), 2);
}

TEST_F(StateDict, NamesTheTensorsOfTorchScriptBySubmodules) {
  ForgedPickle pickle;
  pickle.global("__torch__.a", "Holder").op(")\x81}(").text("x").tensor("FloatStorage", "0", 0, {1}, {1});
  pickle.text("inner").global("__torch__.b", "Holder").op(")\x81}(").text("y");
  pickle.tensor("FloatStorage", "0", 3, {1}, {1}).text("training").op("\x88ubub");
  const auto tensors = read(pickle);
  EXPECT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors.at("inner.y").item<float>(), 3);
}

TEST_F(StateDict, ModulesThatContainThemselvesEnd) {
  ForgedPickle pickle;
  pickle.global("__torch__", "Holder").op(")\x81q\x01}(").text("x").tensor("FloatStorage", "0", 0, {1}, {1});
  pickle.text("self").op("h\x01ub");
  EXPECT_EQ(read(pickle).size(), 1U);
}

TEST_F(StateDict, RefusesTensorsOutsideTheirStorage) {
  constexpr int64_t kHuge = int64_t{1} << 62;
  EXPECT_ERROR(read_tensor(0, {7}, {1}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(6, {1}, {1}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(1, {2, 3}, {3, 1}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(7, {0}, {1}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(kHuge, {3}, {kHuge}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(0, {kHuge, kHuge}, {0, 0}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(0, {7}, {0}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(0, {0, kHuge, kHuge}, {1, 1, 1}), "a tensor larger than its storage");
  EXPECT_ERROR(read_tensor(-1, {1}, {1}), "a tensor of impossible shape");
  EXPECT_ERROR(read_tensor(0, {-1}, {1}), "a tensor of impossible shape");
  EXPECT_ERROR(read_tensor(5, {2}, {-1}), "a tensor of impossible shape");
  EXPECT_ERROR(read_tensor(0, {2}, {}), "a tensor of impossible shape");
  EXPECT_ERROR(read_tensor(0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}),
               "a tensor of impossible shape");
}

TEST_F(StateDict, RefusesStoragesThatAreNotThere) {
  const auto with_storage = [](const std::string& type, const std::string& key) {
    return ForgedPickle().op("}").text("x").tensor(type, key, 0, {1}, {1}).op("s");
  };
  EXPECT_ERROR(read(with_storage("FloatStorage", "1")), "it lacks the file model/data/1");
  EXPECT_ERROR(read(with_storage("FloatStorage", "../data.pkl")), "it lacks the file model/data/../data.pkl");
  EXPECT_ERROR(read(with_storage("QuantizedStorage", "0")), "unknown type torch.QuantizedStorage");
  const auto with_arguments = [](const std::string& arguments) {
    return ForgedPickle().op("}").text("x").global("torch._utils", "_rebuild_tensor_v2").op(arguments + "Rs");
  };
  EXPECT_ERROR(read(with_arguments(")")), "a tensor without strides");
  EXPECT_ERROR(read(with_arguments("(NK\x01))t")), "a tensor without storage");
  EXPECT_ERROR(read(with_arguments("()QK\x01))t")), "a tensor without storage");
  EXPECT_ERROR(read(with_arguments("((NNNNNtQK\x01))t")), "a storage without type or key");
}

TEST_F(StateDict, SaysWhatItNeedsWhereThereAreNoTensors) {
  EXPECT_ERROR(read(ForgedPickle().op("}")), "holds no named tensors");
  EXPECT_ERROR(read(ForgedPickle().op("N")), "holds no named tensors");
  EXPECT_ERROR(read(ForgedPickle().global("clip.model", "CLIP").op(")\x81}b")),
               "holds a whole clip.model.CLIP instead of its tensors; save its state_dict()");
}

TEST_F(StateDict, NamesADamagedArchive) {
  read_tensor(0, {6}, {1});
  const std::string whole = read_file(scratch_ / "model.pt");
  for (size_t kept = 4; kept < whole.size(); kept += 37) {
    write_file(scratch_ / "cut.pt", whole.substr(0, kept));
    EXPECT_ERROR(read_tensor_file(scratch_ / "cut.pt"), "cut.pt: is damaged");
  }
}

/// A zip archive as others write it.
class ForeignZip {
 public:
  explicit ForeignZip(const std::filesystem::path& path)
      : zip_(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr)) {}
  ~ForeignZip() { zip_close(zip_); }
  ForeignZip(const ForeignZip&) = delete;
  ForeignZip& operator=(const ForeignZip&) = delete;

  /// Keeps a reference to the contents.
  void add(const std::string& name, const std::string& contents, zip_int32_t compression) {
    const zip_int64_t index =
        zip_file_add(zip_, name.c_str(), zip_source_buffer(zip_, contents.data(), contents.size(), 0), 0);
    zip_set_file_compression(zip_, static_cast<zip_uint64_t>(index), compression, 0);
  }

 private:
  zip_t* zip_;
};

TEST_F(StateDict, IsNeverCompressed) {
  const std::string pickle =
      ForgedPickle().op("}").text("x").tensor("FloatStorage", "0", 0, {6}, {1}).op("s").bytes();
  const std::string values(6 * sizeof(float), '\0');
  const auto read_with = [&](zip_int32_t of_pickle, zip_int32_t of_values) {
    {
      ForeignZip zip(scratch_ / "model.pt");
      zip.add("a/data.pkl", pickle, of_pickle);
      zip.add("a/data/0", values, of_values);
    }
    return read_tensor_file(scratch_ / "model.pt");
  };
  EXPECT_EQ(read_with(ZIP_CM_STORE, ZIP_CM_STORE).at("x").numel(), 6);
  EXPECT_ERROR(read_with(ZIP_CM_DEFLATE, ZIP_CM_STORE),
               "model.pt: its file a/data.pkl is compressed or encrypted; pack it anew");
  EXPECT_ERROR(read_with(ZIP_CM_STORE, ZIP_CM_DEFLATE),
               "model.pt: its file a/data/0 is compressed or encrypted; pack it anew");
}

TEST_F(StateDict, NoWrongByteInThePickleDoesHarm) {
  const std::string whole =
      ForgedPickle().op("}").text("x").tensor("FloatStorage", "0", 1, {2, 2}, {1, 3}).op("s").bytes();
  const std::string values(6 * sizeof(float), '\0');
  for (size_t place = 0; place < whole.size(); ++place) {
    for (const char wrong : {'\xff', '0', static_cast<char>(whole[place] + 1)}) {
      std::string bytes = whole;
      bytes[place] = wrong;
      test::write_torch_archive(scratch_ / "wrong.pt", bytes, {{"0", values}});
      try {
        for (const auto& [name, tensor] : read_tensor_file(scratch_ / "wrong.pt"))
          EXPECT_LE(tensor.to(at::kDouble).sum().item<double>(), 0) << place;
      } catch (const Error& fault) {
        EXPECT_NE(std::string(fault.what()).find("wrong.pt: "), std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace promptbed
