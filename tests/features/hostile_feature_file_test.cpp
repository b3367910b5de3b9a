#include <H5Cpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "features/feature_file.h"
#include "features/hdf5_columns.h"
#include "features/small_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

/// Feature files of somebody who means harm: each is one of promptbed's in which one thing has been replaced.
namespace promptbed {
namespace {

constexpr int64_t kRows = 3;

class HostileFeatureFile : public testing::Test {
 protected:
  using Change = std::function<void(H5::H5File&)>;

  /// The error of reading a file that `change` has changed.
  std::string refusal(const Change& change) const {
    write_feature_file(path_, test::small_key(StoredType::f32), test::small_table(kRows));
    {
      H5::FileAccPropList access;
      access.setLibverBounds(H5F_LIBVER_V110, H5F_LIBVER_V110);
      H5::H5File file(path_, H5F_ACC_RDWR, H5::FileCreatPropList::DEFAULT, access);
      change(file);
    }
    return test::error_of([&] { FeatureFile(path_).features(); });
  }

  /// The same for a dataset that is replaced.
  std::string refusal(const char* name, const H5::DataType& type, const std::vector<hsize_t>& shape,
                      const H5::DSetCreatPropList& properties = H5::DSetCreatPropList::DEFAULT) const {
    return refusal([&](H5::H5File& file) {
      file.unlink(name);
      file.createDataSet(name, type, H5::DataSpace(static_cast<int>(shape.size()), shape.data()), properties);
    });
  }

  void expect_part(const std::string& message, const std::string& part) const {
    EXPECT_NE(message.find("pets.h5: is a damaged or foreign feature file ("), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  test::ScratchFolder scratch_;
  std::filesystem::path path_ = scratch_ / "pets.h5";
};

H5::StrType texts_of(size_t width) {
  return {H5::PredType::C_S1, width};
}

H5::DSetCreatPropList deflated(const std::vector<hsize_t>& chunk) {
  H5::DSetCreatPropList properties;
  properties.setChunk(static_cast<int>(chunk.size()), chunk.data());
  properties.setShuffle();
  properties.setDeflate(6);
  return properties;
}

TEST_F(HostileFeatureFile, ItsShapesDoNotDecideHowMuchIsWritten) {
  expect_part(refusal("pictures", texts_of(8), {kRows, 1000}), "'pictures' has another number of dimensions");
  expect_part(refusal("pictures", texts_of(8), {}), "'pictures' has another number of dimensions");
  expect_part(refusal("picture", H5::PredType::STD_I32LE, {kRows, 1000}),
              "'picture' has another number of dimensions");
  expect_part(refusal("view", H5::PredType::STD_I32LE, {kRows + 1}), "'view' has another shape");
  expect_part(refusal("view", H5::PredType::STD_I64LE, {kRows}), "'view' has another type");
  expect_part(refusal("view", H5::PredType::STD_I32BE, {kRows}), "'view' has another type");
  expect_part(refusal("features", H5::PredType::IEEE_F32LE, {kRows, 9}), "'features' has another shape");
  expect_part(refusal("features", H5::PredType::IEEE_F32LE, {kRows}),
              "'features' has another number of dimensions");
  expect_part(refusal("pictures", H5::StrType(H5::PredType::C_S1, H5T_VARIABLE), {kRows}),
              "'pictures' is not a column of texts");
  expect_part(refusal("pictures", texts_of(5000), {kRows}), "'pictures' is not a column of texts");
}

TEST_F(HostileFeatureFile, ItsKeyIsOneShortText) {
  const auto with_key = [&](const H5::DataType& type, const H5::DataSpace& space) {
    return refusal([&](H5::H5File& file) {
      file.removeAttr("key");
      file.createAttribute("key", type, space);
    });
  };
  const hsize_t many = 100;
  expect_part(with_key(texts_of(8), H5::DataSpace(1, &many)), "'key' is not a text");
  expect_part(with_key(texts_of(64'000), H5::DataSpace(H5S_NULL)), "'key' is not a text");
  expect_part(with_key(H5::StrType(H5::PredType::C_S1, H5T_VARIABLE), {}), "'key' is not a text");
  expect_part(with_key(H5::PredType::STD_I64LE, {}), "'key' is not a text");
}

TEST_F(HostileFeatureFile, ItsKeyHasNamesThatAreKnown) {
  for (const char* name : {"precision", "stored type", "resampling", "crops"}) {
    nlohmann::json key = to_json(test::small_key());
    key[name] = "f64";
    expect_part(refusal([&](H5::H5File& file) {
                  file.removeAttr("key");
                  const H5::StrType type = texts_of(key.dump().size());
                  file.createAttribute("key", type, H5::DataSpace()).write(type, key.dump());
                }),
                "its key is not understood");
  }
}

TEST_F(HostileFeatureFile, ReadsNoOtherFile) {
  H5::DSetCreatPropList external;
  external.setExternal("/etc/hostname", 0, 4 * kRows);
  expect_part(refusal("view", H5::PredType::STD_I32LE, {kRows}, external),
              "'view' is stored in a way that promptbed does not write");

  const hsize_t rows = kRows;
  const H5::DataSpace space(1, &rows);
  H5::DSetCreatPropList virtual_layout;
  virtual_layout.setVirtual(space, "other.h5", "view", space);
  expect_part(refusal("view", H5::PredType::STD_I32LE, {kRows}, virtual_layout),
              "'view' is stored in a way that promptbed does not write");

  expect_part(refusal([](H5::H5File& file) {
                file.unlink("view");
                file.link(H5L_TYPE_SOFT, "/picture", "view");
              }),
              "'view' is a link");
  expect_part(refusal([](H5::H5File& file) {
                file.unlink("view");
                H5Lcreate_external("other.h5", "view", file.getId(), "view", H5P_DEFAULT, H5P_DEFAULT);
              }),
              "'view' is a link");
}

TEST_F(HostileFeatureFile, HasNoFilterThatPromptbedDoesNotWrite) {
  H5::DSetCreatPropList checked = deflated({kRows});
  checked.setFletcher32();
  expect_part(refusal("view", H5::PredType::STD_I32LE, {kRows}, checked), "'view' is stored in a way");
  const hsize_t chunk = kRows;
  H5::DSetCreatPropList unfiltered;
  unfiltered.setChunk(1, &chunk);
  expect_part(refusal("view", H5::PredType::STD_I32LE, {kRows}, unfiltered), "'view' is stored in a way");
  H5::DSetCreatPropList compact;
  compact.setLayout(H5D_COMPACT);
  expect_part(refusal("view", H5::PredType::STD_I32LE, {kRows}, compact), "'view' is stored in a way");
  expect_part(refusal("features", H5::PredType::IEEE_F32LE, {kRows, 8}, deflated({kRows, 4})),
              "'features' is stored in a way");
}

TEST_F(HostileFeatureFile, TakesABoundedAmountOfMemory) {
  // Nothing is stored of a column that claims to be long.
  const hsize_t rows = hsize_t{1} << 40;
  expect_part(refusal("pictures", texts_of(4096), {rows}, deflated({1024})),
              "'pictures' claims to be longer than its bytes allow");
  expect_part(refusal("pictures", texts_of(4096), {hsize_t{1} << 60}, deflated({1024})),
              "'pictures' has an impossible shape");
  // 120 MB of zeros take 120 KB of file.
  const std::string bomb = refusal([&](H5::H5File& file) {
    file.unlink("pictures");
    write_texts(file, "pictures", std::vector<std::string>(30'000, std::string(4096, 'x')),
                Packing::deflated);
  });
  expect_part(bomb, "it asks for more memory than a file of its size may");
}

TEST_F(HostileFeatureFile, AChunkHasExactlyItsBytes) {
  const auto with_chunk = [&](size_t unpacked_bytes) {
    return refusal([&](H5::H5File& file) {
      file.unlink("view");
      const hsize_t rows = kRows;
      H5::DataSet view =
          file.createDataSet("view", H5::PredType::STD_I32LE, H5::DataSpace(1, &rows), deflated({kRows}));
      std::vector<Bytef> packed(compressBound(unpacked_bytes));
      uLongf size = packed.size();
      const std::vector<Bytef> zeros(unpacked_bytes);
      compress(packed.data(), &size, zeros.data(), zeros.size());
      const hsize_t place = 0;
      H5Dwrite_chunk(view.getId(), H5P_DEFAULT, 0, &place, size, packed.data());
    });
  };
  expect_part(with_chunk(4 * kRows - 1), "'view' cannot be unpacked");
  expect_part(with_chunk(4 * kRows + 1), "'view' cannot be unpacked");
  expect_part(with_chunk(100'000), "'view' cannot be unpacked");
}

TEST_F(HostileFeatureFile, IsARegularFileOfThisFormat) {
  ASSERT_EQ(::mkfifo((scratch_ / "pipe.h5").c_str(), 0600), 0);
  EXPECT_ERROR(FeatureFile(scratch_ / "pipe.h5"), "pipe.h5: is a pipe or device; give a file");
  {
    H5::H5File(path_, H5F_ACC_TRUNC).createGroup("features");
  }  // HDF5's oldest format, which has no checksums
  EXPECT_ERROR(FeatureFile(path_),
               "pets.h5: is an HDF5 file of an earlier promptbed or of another program; delete it");
}

}  // namespace
}  // namespace promptbed
