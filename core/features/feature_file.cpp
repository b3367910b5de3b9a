#include "features/feature_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <new>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "base/files.h"
#include "base/hash.h"
#include "base/mapped_bytes.h"
#include "features/hdf5_columns.h"
#include "features/hdf5_output.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlockRows = 1024;
constexpr const char* kStampBytes = "picture_bytes";
constexpr const char* kStampModified = "picture_modified";

// Remedies for an unusable file: if its kind is unknown, and if it is known.
constexpr const char* kReplace =
    "delete it, and its features are extracted again; if it belongs to a suite, restore the original";
constexpr const char* kDelete = "delete it, and its features are extracted again";
constexpr const char* kPutBack = "restore the original, or seal it again (runner features seal)";

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

/// A cache file never changes once it has its name, so HDF5 need not lock it (which fails on some network
/// drives).
H5::FileAccPropList without_locking() {
  H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), false, true);
  return access;
}

/// The format of HDF5 1.10, in which all metadata has checksums that HDF5 verifies. (In older formats a
/// damaged file can crash HDF5 itself.)
H5::FileAccPropList with_checksums() {
  H5::FileAccPropList access = without_locking();
  access.setLibverBounds(H5F_LIBVER_V110, H5F_LIBVER_V110);
  return access;
}

/// Equal contents must be equal bytes, so the file holds no creation times.
H5::FileCreatPropList without_times() {
  H5::FileCreatPropList properties;
  H5Pset_obj_track_times(properties.getId(), false);
  return properties;
}

/// The rows' images, each once, and for each row the index of its image.
struct PictureColumn {
  std::vector<std::string> pictures;
  std::vector<int32_t> places;
};

PictureColumn pictures_of(std::span<const FeatureRow> rows) {
  PictureColumn column;
  std::unordered_map<std::string_view, int32_t> known;
  for (const FeatureRow& row : rows) {
    const auto [place, is_new] = known.try_emplace(row.image, static_cast<int32_t>(known.size()));
    if (is_new) column.pictures.push_back(row.image);
    column.places.push_back(place->second);
  }
  return column;
}

void write_stamps(H5::H5File& file, std::span<const FeatureRow> rows) {
  std::vector<int64_t> bytes, modified;
  for (const FeatureRow& row : rows) {
    bytes.push_back(row.stamp.bytes);
    modified.push_back(row.stamp.modified);
  }
  write_column(file, kStampBytes, H5::PredType::STD_I64LE, bytes, Packing::plain);
  write_column(file, kStampModified, H5::PredType::STD_I64LE, modified, Packing::plain);
}

void write_rows(H5::H5File& file, std::span<const FeatureRow> rows, Packing packing) {
  const PictureColumn column = pictures_of(rows);
  std::vector<int32_t> views;
  for (const FeatureRow& row : rows) views.push_back(row.view);
  write_texts(file, "pictures", column.pictures, packing);
  write_column(file, "picture", H5::PredType::STD_I32LE, column.places, packing);
  write_column(file, "view", H5::PredType::STD_I32LE, views, packing);
}

std::vector<FeatureRow> read_rows(const H5::H5File& file) {
  const auto shape = shape_of(file.openDataSet("features"));
  const size_t size = shape.empty() ? 0 : shape[0];
  const auto pictures = read_texts(file, "pictures");
  const auto places = read_column<int32_t>(file, "picture", H5::PredType::NATIVE_INT32, size);
  const auto views = read_column<int32_t>(file, "view", H5::PredType::NATIVE_INT32, size);
  std::vector<FeatureRow> rows;
  rows.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    if (places[i] < 0 || static_cast<size_t>(places[i]) >= pictures.size())
      throw H5::DataSetIException("picture", "a row's picture is not listed");
    rows.push_back({std::string(pictures[places[i]]), views[i], {}});
  }
  return rows;
}

void read_stamps(const H5::H5File& file, std::vector<FeatureRow>& rows) {
  const auto bytes = read_column<int64_t>(file, kStampBytes, H5::PredType::NATIVE_INT64, rows.size());
  const auto modified = read_column<int64_t>(file, kStampModified, H5::PredType::NATIVE_INT64, rows.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i].stamp = {bytes[i], modified[i]};
}

std::vector<FeatureRow> without_stamps(std::vector<FeatureRow> rows) {
  for (FeatureRow& row : rows) row.stamp = {};
  return rows;
}

/// Appends the columns of a row, in the form that the checksums cover.
void append_columns(std::vector<std::byte>& bytes, const FeatureRow& row) {
  const auto append = [&bytes](const void* data, size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + size);
  };
  const std::array<int64_t, 3> numbers = {row.view, row.stamp.bytes, row.stamp.modified};
  const auto length = static_cast<int64_t>(row.image.size());
  append(&length, sizeof length);
  append(row.image.data(), row.image.size());
  append(numbers.data(), sizeof numbers);
}

std::vector<uint64_t> checksums_of(std::span<const FeatureRow> rows, const Tensor& features) {
  const auto size = static_cast<int64_t>(rows.size());
  const auto* bytes = static_cast<const std::byte*>(features.data_ptr());
  const size_t row_bytes = features.size(1) * features.element_size();
  std::vector<uint64_t> checksums;
  std::vector<std::byte> columns;
  for (int64_t first = 0; first < size; first += kBlockRows) {
    const size_t count = std::min(kBlockRows, size - first);
    columns.clear();
    for (const FeatureRow& row : rows.subspan(first, count)) append_columns(columns, row);
    Hasher hasher;
    hasher.add(std::span(bytes + first * row_bytes, count * row_bytes))
        .add(std::span<const std::byte>(columns));
    checksums.push_back(hasher.low64());
  }
  return checksums;
}

/// Bytes of an open file as a read-only tensor, not copied. Mapped from the descriptor, not the path: another
/// file may have that path by now.
Tensor mapped(const H5::H5File& file, hsize_t offset, size_t size, at::IntArrayRef shape, torch::Dtype type) {
  void* descriptor = nullptr;
  file.getVFDHandle(&descriptor);
  const auto mapping = std::make_shared<const MappedBytes>(*static_cast<const int*>(descriptor), offset, size,
                                                           Paging::at_once);  // the checksums read all of it
  return at::from_blob(
      mapping->bytes().data(), shape, [mapping](void*) {}, at::TensorOptions(type));
}

/// The values of a dataset, [rows, D]: mapped if they are contiguous in the file, otherwise read into memory.
Tensor read_values(const H5::H5File& file, const H5::DataSet& set, at::IntArrayRef shape, StoredType stored) {
  const torch::Dtype type = dtype_of(stored);
  const auto offset = offset_of(set);
  if (!offset || shape[0] == 0) {
    Tensor values = at::empty(shape, type);
    set.read(values.data_ptr(), feature_type(stored));
    return values;
  }
  const size_t bytes = shape[0] * shape[1] * c10::elementSize(type);
  if (*offset > file.getFileSize() || bytes > file.getFileSize() - *offset)
    throw H5::DataSetIException("features", "they reach beyond the end of the file");
  return mapped(file, *offset, bytes, shape, type);
}

void write_key(H5::H5File& file, const CacheKey& key) {
  const std::string json = to_json(key).dump();
  const H5::StrType text(H5::PredType::C_S1, json.size());
  file.createAttribute("key", text, H5::DataSpace()).write(text, json);
}

/// More than a file of these rows can take up, by HDF5's own data at most.
uint64_t most_bytes(const FeatureTable& table) {
  constexpr uint64_t kOfHdf5 = 1 << 18, kColumns = 4 * sizeof(int64_t);
  uint64_t images = 0, longest = 1;
  std::string_view last;
  for (const FeatureRow& row : table.rows) {
    longest = std::max<uint64_t>(longest, row.image.size());
    images += row.image != last ? 1 : 0;
    last = row.image;
  }
  return table.features.nbytes() + images * longest + table.rows.size() * kColumns + kOfHdf5;
}

void write_contents(H5::H5File& file, const CacheKey& key, const FeatureTable& table, FileKind kind) {
  const bool sealed = kind == FileKind::sealed;
  const Packing packing = sealed ? Packing::deflated : Packing::plain;
  const std::vector<FeatureRow> rows = sealed ? without_stamps(table.rows) : table.rows;
  const Tensor features = table.features.contiguous();
  const H5::FloatType type = feature_type(key.stored);
  write_key(file, key);
  create_set(file, "features", type, {rows.size(), static_cast<hsize_t>(features.size(1))}, packing)
      .write(features.data_ptr(), type);
  write_rows(file, rows, packing);
  if (!sealed) write_stamps(file, rows);
  write_column(file, "checksums", H5::PredType::STD_U64LE, checksums_of(rows, features), Packing::plain);
}

nlohmann::json read_key(const H5::H5File& file) {
  const H5::Attribute attribute = file.openAttribute("key");
  std::string text;
  attribute.read(attribute.getStrType(), text);
  return nlohmann::json::parse(text);
}

/// Runs an action that reads from a file; whatever HDF5 finds wrong is reported as damage of that file.
template <class Action>
auto reading(const fs::path& path, const char* remedy, Action&& action) {
  const auto damaged = [&](const std::string& what) {
    return Error(
        fmt::format("{}: is a damaged or foreign feature file ({}); {}", path.string(), what, remedy));
  };
  try {
    return action();
  } catch (const H5::Exception& fault) {
    throw damaged(fault.getDetailMsg());
  } catch (const std::system_error& fault) {
    throw damaged(fault.code().message());
  } catch (const nlohmann::json::exception&) {
    throw damaged("its key is not understood");
  } catch (const std::bad_alloc&) {
    throw damaged("it asks for more memory than there is");
  }
}

}  // namespace

struct FeatureFile::Handle {
  H5::H5File file;
};

FeatureFile::FeatureFile(const fs::path& path) : path_(path), handle_(std::make_unique<Handle>()) {
  H5::Exception::dontPrint();
  if (H5Fis_hdf5(path.c_str()) <= 0) {
    read_file(path);  // throws if it is missing, a folder or not readable
    throw Error(fmt::format("{}: is no HDF5 file; {}", path.string(), kReplace));
  }
  reading(path, kReplace, [&] {
    H5::H5File& file = handle_->file;
    file = H5::H5File(path, H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, without_locking());
    const nlohmann::json key = read_key(file);
    if (const int format = key.at("format"); format != kFeatureFormat) {
      throw Error(fmt::format("{}: is a feature file of format {}, and this runner reads format {}; {}",
                              path.string(), format, kFeatureFormat, kReplace));
    }
    key_ = cache_key_from_json(key);
    rows_ = read_rows(file);
    sealed_ = !file.nameExists(kStampBytes);
    if (!sealed_) read_stamps(file, rows_);
  });
}

FeatureFile::FeatureFile(const fs::path& path, const CacheKey& expected) : FeatureFile(path) {
  const std::string other = difference(key_, expected);
  if (!other.empty()) {
    throw Error(fmt::format("{}: holds features of {}; {}", path.string(), other,
                            sealed_ ? "it is sealed: leave --model out, give the images' folder with "
                                      "--data, or seal it again (runner features seal)"
                                    : "delete it or choose another folder with --cache"));
  }
}

FeatureFile::FeatureFile(FeatureFile&&) noexcept = default;
FeatureFile& FeatureFile::operator=(FeatureFile&&) noexcept = default;
FeatureFile::~FeatureFile() = default;

Tensor FeatureFile::features() const {
  const char* remedy = sealed_ ? kPutBack : kDelete;
  const size_t blocks = (rows_.size() + kBlockRows - 1) / kBlockRows;
  Tensor features;
  const auto checksums = reading(path_, remedy, [&] {
    const auto set = open_set(handle_->file, "features", {rows_.size(), static_cast<hsize_t>(key_.width)});
    features = read_values(handle_->file, set, {static_cast<int64_t>(rows_.size()), key_.width}, key_.stored);
    return read_column<uint64_t>(handle_->file, "checksums", H5::PredType::NATIVE_UINT64, blocks);
  });
  const auto found = checksums_of(rows_, features);
  const auto bad = std::ranges::mismatch(found, checksums).in1 - found.begin();
  if (bad != static_cast<int64_t>(blocks)) {
    throw Error(fmt::format("{}: rows from {} on do not match their checksum; {}", path_.string(),
                            bad * kBlockRows, remedy));
  }
  return features;
}

void write_feature_file(const fs::path& path, const CacheKey& key, const FeatureTable& table, FileKind kind) {
  H5::Exception::dontPrint();
  const auto unwritable = [&](const std::string& reason) {
    return Error(fmt::format("{}: cannot be written ({}); check the folder and its free space", path.string(),
                             reason));
  };
  write_atomically(path, [&](const fs::path& temporary) {
    try {
      Hdf5Output output(temporary, without_times(), with_checksums(), most_bytes(table));
      write_contents(output.file(), key, table, kind);
      output.close();
    } catch (const H5::Exception& fault) {
      throw unwritable(fault.getDetailMsg());
    } catch (const std::system_error& fault) {
      throw unwritable(fault.code().message());
    }
  });
}

torch::Dtype dtype_of(StoredType stored) {
  return stored == StoredType::f16 ? torch::kFloat16 : torch::kFloat32;
}

}  // namespace promptbed
