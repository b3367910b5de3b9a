#include "features/feature_file.h"

#include <ATen/ATen.h>
#include <H5Cpp.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/files.h"
#include "base/hash.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlockRows = 1024;

/// HDF5 has no name for IEEE half precision: it is described by its bits.
H5::FloatType half_type() {
  H5::FloatType type(H5::PredType::IEEE_F32LE);
  type.setFields(15, 10, 5, 0, 10);
  type.setSize(2);
  type.setEbias(15);
  return type;
}

H5::FloatType feature_type(StoredType stored) {
  return stored == StoredType::f16 ? half_type() : H5::FloatType(H5::PredType::IEEE_F32LE);
}

/// A file of the cache is never changed once it has its name, so HDF5 need not lock it (which would fail on
/// some network drives).
H5::FileAccPropList without_locking() {
  H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), false, true);
  return access;
}

template <class Value>
void write_column(H5::H5File& file, const char* name, const H5::DataType& type,
                  const std::vector<Value>& values) {
  const hsize_t size = values.size();
  file.createDataSet(name, type, H5::DataSpace(1, &size)).write(values.data(), type);
}

std::vector<hsize_t> shape_of(const H5::DataSet& set) {
  const H5::DataSpace space = set.getSpace();
  std::vector<hsize_t> shape(static_cast<size_t>(space.getSimpleExtentNdims()));
  space.getSimpleExtentDims(shape.data());
  return shape;
}

/// A dataset that must have a certain shape; a file that says otherwise is damaged.
H5::DataSet open_set(const H5::H5File& file, const char* name, const std::vector<hsize_t>& shape) {
  H5::DataSet set = file.openDataSet(name);
  if (shape_of(set) != shape) throw H5::DataSetIException(name, "its shape is wrong");
  return set;
}

template <class Value>
std::vector<Value> read_column(const H5::H5File& file, const char* name, const H5::DataType& type,
                               size_t size) {
  std::vector<Value> values(size);
  open_set(file, name, {size}).read(values.data(), type);
  return values;
}

/// Texts of a column, one after another, each padded with zeros to `width`.
struct PaddedTexts {
  size_t width = 1;
  std::vector<char> characters;
};

PaddedTexts padded_images(std::span<const FeatureRow> rows) {
  PaddedTexts texts;
  for (const FeatureRow& row : rows) texts.width = std::max(texts.width, row.image.size());
  texts.characters.resize(rows.size() * texts.width, '\0');
  for (size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(rows[i].image, texts.characters.begin() + static_cast<int64_t>(i * texts.width));
  }
  return texts;
}

H5::StrType padded_type(size_t width) {
  H5::StrType type(H5::PredType::C_S1, width);
  type.setStrpad(H5T_STR_NULLPAD);
  type.setCset(H5T_CSET_UTF8);
  return type;
}

std::vector<std::string> read_images(const H5::H5File& file, size_t size) {
  const H5::DataSet set = open_set(file, "image", {size});
  const size_t width = set.getStrType().getSize();
  std::vector<char> characters(size * width);
  set.read(characters.data(), padded_type(width));
  std::vector<std::string> images;
  for (size_t i = 0; i < size; ++i) {
    const std::string_view padded(characters.data() + i * width, width);
    images.emplace_back(padded.substr(0, padded.find('\0')));
  }
  return images;
}

std::vector<FeatureRow> read_rows(const H5::H5File& file) {
  const auto shape = shape_of(file.openDataSet("features"));
  const size_t size = shape.empty() ? 0 : shape[0];
  std::vector<std::string> images = read_images(file, size);
  const auto views = read_column<int32_t>(file, "view", H5::PredType::NATIVE_INT32, size);
  const auto bytes = read_column<int64_t>(file, "picture_bytes", H5::PredType::NATIVE_INT64, size);
  const auto modified = read_column<int64_t>(file, "picture_modified", H5::PredType::NATIVE_INT64, size);
  std::vector<FeatureRow> rows;
  rows.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    rows.push_back({std::move(images[i]), views[i], {bytes[i], modified[i]}});
  }
  return rows;
}

void write_rows(H5::H5File& file, std::span<const FeatureRow> rows) {
  std::vector<int32_t> views;
  std::vector<int64_t> bytes, modified;
  for (const FeatureRow& row : rows) {
    views.push_back(row.view);
    bytes.push_back(row.stamp.bytes);
    modified.push_back(row.stamp.modified);
  }
  const PaddedTexts images = padded_images(rows);
  const hsize_t size = rows.size();
  const H5::StrType text = padded_type(images.width);
  file.createDataSet("image", text, H5::DataSpace(1, &size)).write(images.characters.data(), text);
  write_column(file, "view", H5::PredType::STD_I32LE, views);
  write_column(file, "picture_bytes", H5::PredType::STD_I64LE, bytes);
  write_column(file, "picture_modified", H5::PredType::STD_I64LE, modified);
}

std::vector<uint64_t> checksums_of(std::span<const FeatureRow> rows, const Tensor& features) {
  const auto size = static_cast<int64_t>(rows.size());
  const auto* bytes = static_cast<const std::byte*>(features.data_ptr());
  const size_t row_bytes = features.size(1) * features.element_size();
  std::vector<uint64_t> checksums;
  for (int64_t first = 0; first < size; first += kBlockRows) {
    const size_t count = std::min(kBlockRows, size - first);
    Hasher hasher;
    hasher.add(std::span(bytes + first * row_bytes, count * row_bytes));
    for (const FeatureRow& row : rows.subspan(first, count)) {
      hasher.add(row.image).add(row.view).add(row.stamp.bytes).add(row.stamp.modified);
    }
    checksums.push_back(hasher.low64());
  }
  return checksums;
}

void write_key(H5::H5File& file, const CacheKey& key) {
  const H5::StrType text(H5::PredType::C_S1, H5T_VARIABLE);
  file.createAttribute("key", text, H5::DataSpace()).write(text, to_json(key).dump());
}

CacheKey read_key(const H5::H5File& file) {
  const H5::Attribute attribute = file.openAttribute("key");
  std::string text;
  attribute.read(attribute.getStrType(), text);
  return cache_key_from_json(nlohmann::json::parse(text));
}

/// Runs what reads from a file; whatever HDF5 finds wrong is the file's damage.
template <class Action>
auto reading(const fs::path& path, Action&& action) {
  const auto damaged = [&](const std::string& what) {
    return Error(fmt::format(
        "{}: is a damaged or foreign feature file ({}); delete it, and its features are extracted again",
        path.string(), what));
  };
  try {
    return action();
  } catch (const H5::Exception& fault) {
    throw damaged(fault.getDetailMsg());
  } catch (const nlohmann::json::exception&) {
    throw damaged("its key is not understood");
  }
}

}  // namespace

struct FeatureFile::Handle {
  H5::H5File file;
};

FeatureFile::FeatureFile(const fs::path& path) : path_(path), handle_(std::make_unique<Handle>()) {
  H5::Exception::dontPrint();
  if (H5Fis_hdf5(path.c_str()) <= 0) {
    read_file(path);  // says so where it is missing, a folder or not readable
    throw Error(
        fmt::format("{}: is no HDF5 file; delete it or choose another folder with --cache", path.string()));
  }
  reading(path, [&] {
    handle_->file = H5::H5File(path, H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, without_locking());
    key_ = read_key(handle_->file);
    rows_ = read_rows(handle_->file);
  });
}

FeatureFile::FeatureFile(const fs::path& path, const CacheKey& expected) : FeatureFile(path) {
  const std::string other = difference(key_, expected);
  if (!other.empty()) {
    throw Error(fmt::format("{}: holds features of {}; delete it or choose another folder with --cache",
                            path.string(), other));
  }
}

FeatureFile::FeatureFile(FeatureFile&&) noexcept = default;
FeatureFile& FeatureFile::operator=(FeatureFile&&) noexcept = default;
FeatureFile::~FeatureFile() = default;

Tensor FeatureFile::features() const {
  const size_t blocks = (rows_.size() + kBlockRows - 1) / kBlockRows;
  Tensor features = at::empty({static_cast<int64_t>(rows_.size()), key_.width}, dtype_of(key_.stored));
  const auto checksums = reading(path_, [&] {
    open_set(handle_->file, "features", {rows_.size(), static_cast<hsize_t>(key_.width)})
        .read(features.data_ptr(), feature_type(key_.stored));
    return read_column<uint64_t>(handle_->file, "checksums", H5::PredType::NATIVE_UINT64, blocks);
  });
  const auto found = checksums_of(rows_, features);
  const auto bad = std::ranges::mismatch(found, checksums).in1 - found.begin();
  if (bad != static_cast<int64_t>(blocks)) {
    throw Error(
        fmt::format("{}: rows from {} on do not match their checksum; delete it, and its features are "
                    "extracted again",
                    path_.string(), bad * kBlockRows));
  }
  return features;
}

void write_feature_file(const fs::path& path, const CacheKey& key, const FeatureTable& table) {
  H5::Exception::dontPrint();
  write_atomically(path, [&](const fs::path& temporary) {
    try {
      H5::H5File file(temporary, H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, without_locking());
      const Tensor features = table.features.contiguous();
      const std::array<hsize_t, 2> shape{table.rows.size(), static_cast<hsize_t>(features.size(1))};
      const H5::FloatType type = feature_type(key.stored);
      write_key(file, key);
      file.createDataSet("features", type, H5::DataSpace(2, shape.data())).write(features.data_ptr(), type);
      write_rows(file, table.rows);
      write_column(file, "checksums", H5::PredType::STD_U64LE, checksums_of(table.rows, features));
      file.close();  // here, for a destructor would keep a full disk to itself
    } catch (const H5::Exception& fault) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), fault.getDetailMsg()));
    }
  });
}

torch::Dtype dtype_of(StoredType stored) {
  return stored == StoredType::f16 ? torch::kFloat16 : torch::kFloat32;
}

}  // namespace promptbed
