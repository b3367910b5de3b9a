#include "features/feature_file.h"

#include <H5Cpp.h>
#include <gtest/gtest.h>
#include <promptbed/error.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/files.h"
#include "features/small_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::small_key;
using test::small_table;

/// The bytes of a file with `part` of them changed where it first occurs.
void flip_bytes(const std::filesystem::path& path, std::string_view part) {
  std::string contents = read_file(path);
  const size_t place = contents.find(part);
  ASSERT_NE(place, std::string::npos);
  contents[place] = static_cast<char>(contents[place] ^ 1);
  write_file(path, contents);
}

std::string_view bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

class FeatureFileOfType : public testing::TestWithParam<StoredType> {};

TEST_P(FeatureFileOfType, ReadsBackWhatWasWritten) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(3000);
  table.rows[2] = {"hund/größer als sonst.png", -1, 0xfedcba9876543210};
  table.features = table.features.to(dtype_of(GetParam()));
  write_feature_file(scratch / "pets.h5", small_key(GetParam()), table);

  const FeatureFile file(scratch / "pets.h5", small_key(GetParam()));
  ASSERT_EQ(file.rows().size(), 3000U);
  EXPECT_EQ(file.rows()[2].image, "hund/größer als sonst.png");
  EXPECT_EQ(file.rows()[2].view, -1);
  EXPECT_EQ(file.rows()[2].contents, table.rows[2].contents);
  EXPECT_EQ(file.rows()[2999].image, "cat/2999.png");
  EXPECT_TRUE(file.features().equal(table.features));
}

INSTANTIATE_TEST_SUITE_P(Types, FeatureFileOfType, testing::Values(StoredType::f16, StoredType::f32),
                         [](const auto& test) { return test.param == StoredType::f16 ? "f16" : "f32"; });

TEST(FeatureFile, StaysReadableWhenItIsReplaced) {
  test::ScratchFolder scratch;
  const FeatureTable first = small_table(10), second = small_table(20);
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), first);
  const FeatureFile open(scratch / "pets.h5");
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), second);
  EXPECT_TRUE(open.features().equal(first.features));
  EXPECT_TRUE(FeatureFile(scratch / "pets.h5").features().equal(second.features));
}

TEST(FeatureFile, AChangedFeatureIsNoticed) {
  test::ScratchFolder scratch;
  const FeatureTable table = small_table(1500);
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  flip_bytes(scratch / "pets.h5", bytes_of(table.features[1200]));
  EXPECT_ERROR(FeatureFile(scratch / "pets.h5").features(),
               "pets.h5: rows from 1024 on do not match their checksum; delete it");
}

class FeatureFileOfKind : public testing::TestWithParam<FileKind> {};

TEST_P(FeatureFileOfKind, AChangedByteAnywhereIsNoticedOrDoesNoHarm) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(200);
  table.features = table.features.to(torch::kFloat16);
  write_feature_file(scratch / "pets.h5", small_key(), table, GetParam());
  const std::string whole = read_file(scratch / "pets.h5");
  const std::vector<FeatureRow> rows = FeatureFile(scratch / "pets.h5").rows();
  int noticed = 0;
  for (size_t place = 0; place < whole.size(); place += 7) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ (1 << (place % 8)));
    write_file(scratch / "pets.h5", changed);
    try {
      const FeatureFile file(scratch / "pets.h5", small_key());
      ASSERT_TRUE(file.features().equal(table.features)) << place;
      for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(file.rows()[i].image, rows[i].image) << place;
    } catch (const Error& fault) {
      ++noticed;
      EXPECT_NE(std::string(fault.what()).find("pets.h5"), std::string::npos) << fault.what();
    }
  }
  EXPECT_GT(noticed, 50);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FeatureFileOfKind, testing::Values(FileKind::cache, FileKind::sealed),
                         [](const auto& test) { return test.param == FileKind::cache ? "cache" : "sealed"; });

TEST(FeatureFile, ASealedOneSaysWhatItsImagesHeldAndHasAPathOnce) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(1);
  const std::string path(200, 'x');
  table.rows.assign(3000, {path, 0, 57});
  for (int view = 0; view < 3000; ++view) table.rows[view].view = view;
  table.features = at::zeros({3000, 8}, torch::kFloat16);
  write_feature_file(scratch / "pets.h5", small_key(), table, FileKind::sealed);
  EXPECT_LT(std::filesystem::file_size(scratch / "pets.h5"), 20'000U);

  const FeatureFile file(scratch / "pets.h5", small_key());
  EXPECT_TRUE(file.sealed());
  ASSERT_EQ(file.rows().size(), 3000U);
  EXPECT_EQ(file.rows()[2999].image, path);
  EXPECT_EQ(file.rows()[2999].view, 2999);
  EXPECT_EQ(file.rows()[2999].contents, 57U);
  EXPECT_TRUE(file.features().equal(table.features));
}

TEST(FeatureFile, ASealedOneSaysItOfAllRowsOrOfNone) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(15);
  table.features = table.features.to(torch::kFloat16);
  table.rows[7].contents = 0;
  write_feature_file(scratch / "pets.h5", small_key(), table, FileKind::sealed);
  const FeatureFile file(scratch / "pets.h5", small_key());
  EXPECT_TRUE(file.sealed());
  for (const FeatureRow& row : file.rows()) EXPECT_EQ(row.contents, 0U);
  EXPECT_TRUE(file.features().equal(table.features));
}

TEST(FeatureFile, EqualFeaturesAreEqualBytesWheneverTheyAreSealed) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(1500);
  table.features = table.features.to(torch::kFloat16);
  write_feature_file(scratch / "first.h5", small_key(), table, FileKind::sealed);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5 would note the second
  write_feature_file(scratch / "second.h5", small_key(), table, FileKind::sealed);
  EXPECT_EQ(read_file(scratch / "first.h5"), read_file(scratch / "second.h5"));
}

TEST(FeatureFile, ACacheThatDoesNotSayWhatItsImagesHeldHasNoRows) {
  test::ScratchFolder scratch;
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), small_table(15));
  {
    const H5::H5File file(scratch / "pets.h5", H5F_ACC_RDWR);
    file.move("picture_hash", "picture_bytes");  // as in earlier versions
  }
  const FeatureFile file(scratch / "pets.h5", small_key(StoredType::f32));
  EXPECT_FALSE(file.sealed());
  EXPECT_TRUE(file.rows().empty());
  EXPECT_EQ(file.features().sizes(), (std::vector<int64_t>{0, 8}));
}

TEST(FeatureFile, WhatCanBeDoneAboutASealedOneIsSaid) {
  test::ScratchFolder scratch;
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), small_table(15), FileKind::sealed);
  CacheKey other = small_key(StoredType::f32);
  other.model = "ff";
  EXPECT_ERROR(
      FeatureFile(scratch / "pets.h5", other),
      "holds features of model \"0123456789abcdef0123456789abcdef\", not \"ff\"; it is sealed: leave "
      "--model out, give the images' folder with --data, or seal it again (runner features "
      "seal)");
}

TEST(FeatureFile, RefusesAnEarlierFormat) {
  test::ScratchFolder scratch;
  {
    const std::string key = R"({"format":1})";
    const H5::StrType text(H5::PredType::C_S1, key.size());
    H5::FileAccPropList access;
    access.setLibverBounds(H5F_LIBVER_V110, H5F_LIBVER_V110);
    H5::H5File file(scratch / "pets.h5", H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access);
    file.createAttribute("key", text, H5::DataSpace()).write(text, key);
  }
  EXPECT_ERROR(FeatureFile(scratch / "pets.h5"),
               "pets.h5: is a feature file of format 1, and this runner reads format 2; delete it");
}

TEST(FeatureFile, RefusesAnotherKeyAndSaysWhatDiffers) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(2);
  table.features = table.features.to(torch::kFloat16);
  write_feature_file(scratch / "pets.h5", small_key(), table);
  const auto refusal = [&](auto change) {
    CacheKey key = small_key();
    change(key);
    return test::error_of([&] { FeatureFile(scratch / "pets.h5", key); });
  };
  EXPECT_TRUE(
      refusal([](CacheKey& key) { key.precision = Precision::bf16; })
          .ends_with("pets.h5: holds features of precision \"f32\", not \"bf16\"; delete it or choose "
                     "another folder with --cache"));
  const auto names = [&](auto change, const char* what) {
    const std::string message = refusal(change);
    EXPECT_NE(message.find(what), std::string::npos) << message;
  };
  names([](CacheKey& key) { key.model = "ff"; }, "model \"0123456789abcdef0123456789abcdef\", not \"ff\"");
  names([](CacheKey& key) { key.preprocessing.size = 24; }, "image size 16, not 24");
  names([](CacheKey& key) { key.preprocessing.mean[0] = 0.75F; }, "image mean [0.5,0.25,0.125], not");
  names([](CacheKey& key) { key.preprocessing.std[0] = 0.75F; }, "image deviation");
  names([](CacheKey& key) { key.stored = StoredType::f32; }, "stored type \"f16\", not \"f32\"");
  names([](CacheKey& key) { key.dataset = "cars"; }, "dataset \"pets\", not \"cars\"");
  names([](CacheKey& key) { key.width = 9; }, "feature width 8, not 9");
  names([](CacheKey& key) { ++key.view_recipe; }, "view recipe");
  names([](CacheKey& key) { key.crops.least = 0.7; }, "crops null, not \"0.7-1\"");
}

TEST(FeatureFile, NoHdf5FileIsRefused) {
  test::ScratchFolder scratch;
  write_file(scratch / "pets.h5", "not at all");
  EXPECT_ERROR(FeatureFile(scratch / "pets.h5"), "pets.h5: is no HDF5 file; delete it");
  EXPECT_ERROR(FeatureFile(scratch / "none.h5"), "none.h5: cannot be read");
}

TEST(FeatureFile, ATruncatedFileIsRefused) {
  test::ScratchFolder scratch;
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), small_table(100));
  const std::string whole = read_file(scratch / "pets.h5");
  for (const size_t part : {whole.size() - 1, whole.size() / 2, size_t{600}}) {
    write_file(scratch / "pets.h5", std::string_view(whole).substr(0, part));
    EXPECT_ERROR(FeatureFile(scratch / "pets.h5").features(),
                 "pets.h5: is a damaged or foreign feature file");
  }
}

}  // namespace
}  // namespace promptbed
