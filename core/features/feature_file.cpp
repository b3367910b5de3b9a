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
#include "base/input_file.h"
#include "base/json.h"
#include "features/hdf5_columns.h"
#include "features/hdf5_output.h"
#include "features/hdf5_reader.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRowsPerChecksum = 1024;
constexpr const char* kContents = "picture_hash";
constexpr const char* kSealedContents = "sealed_picture_hash";
constexpr const char* kEarlierStamp = "picture_bytes";  // of caches before there were hashes

// Remedies for an unusable file: if its kind is unknown, and if it is known.
constexpr const char* kReplace =
    "delete it, and its features are extracted again; if it belongs to a suite, restore the original";
constexpr const char* kDelete = "delete it, and its features are extracted again";
constexpr const char* kPutBack = "restore the original, or seal it again (runner features seal)";

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
constexpr char kSuperblockWithChecksums = 2;  // the version that follows the signature

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

/// The format of HDF5 1.10, in which all metadata has checksums that HDF5 verifies. (In older formats a
/// damaged file can crash HDF5 itself.)
H5::FileAccPropList with_checksums() {
  H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), false, true);  // which fails on some network drives
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

void write_contents(H5::H5File& file, const char* column, std::span<const FeatureRow> rows, Packing packing) {
  std::vector<uint64_t> hashes;
  for (const FeatureRow& row : rows) hashes.push_back(row.contents);
  write_column(file, column, H5::PredType::STD_U64LE, hashes, packing);
}

void write_rows(H5::H5File& file, std::span<const FeatureRow> rows, Packing packing) {
  const PictureColumn column = pictures_of(rows);
  std::vector<int32_t> views;
  for (const FeatureRow& row : rows) views.push_back(row.view);
  write_texts(file, "pictures", column.pictures, packing);
  write_column(file, "picture", H5::PredType::STD_I32LE, column.places, packing);
  write_column(file, "view", H5::PredType::STD_I32LE, views, packing);
}

std::vector<FeatureRow> read_rows(Hdf5Reader& file) {
  const size_t size = file.shape("features", 2).front();
  const PaddedTexts pictures = file.texts("pictures");
  const auto places = file.column<int32_t>("picture", H5::PredType::STD_I32LE, size);
  const auto views = file.column<int32_t>("view", H5::PredType::STD_I32LE, size);
  std::vector<FeatureRow> rows;
  file.charge(size * sizeof(FeatureRow));
  rows.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    if (places[i] < 0 || static_cast<size_t>(places[i]) >= pictures.size())
      throw H5::DataSetIException("picture", "a row's picture is not listed");
    const std::string_view picture = pictures[places[i]];
    file.charge(picture.size());
    rows.push_back({std::string(picture), views[i], {}});
  }
  return rows;
}

void read_contents(Hdf5Reader& file, const char* column, std::vector<FeatureRow>& rows) {
  const auto hashes = file.column<uint64_t>(column, H5::PredType::STD_U64LE, rows.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i].contents = hashes[i];
}

/// Whether it is known of every row what its image held.
bool have_contents(std::span<const FeatureRow> rows) {
  return std::ranges::none_of(rows, [](const FeatureRow& row) { return row.contents == 0; });
}

/// A sealed file says it of all rows or of none.
std::vector<FeatureRow> sealed_rows(std::vector<FeatureRow> rows) {
  if (!have_contents(rows)) std::ranges::for_each(rows, [](FeatureRow& row) { row.contents = 0; });
  return rows;
}

/// Appends the columns of a row, in the form that the checksums cover.
void append_columns(std::vector<std::byte>& bytes, const FeatureRow& row) {
  const auto append = [&bytes](const void* data, size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + size);
  };
  // The zero keeps the checksums of sealed files what they were when a row had two numbers more.
  const std::array<int64_t, 3> numbers = {row.view, static_cast<int64_t>(row.contents), 0};
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
  for (int64_t first = 0; first < size; first += kRowsPerChecksum) {
    const size_t count = std::min(kRowsPerChecksum, size - first);
    columns.clear();
    for (const FeatureRow& row : rows.subspan(first, count)) append_columns(columns, row);
    Hasher hasher;
    hasher.add(std::span(bytes + first * row_bytes, count * row_bytes))
        .add(std::span<const std::byte>(columns));
    checksums.push_back(hasher.low64());
  }
  return checksums;
}

/// All features, [rows, D], read-only.
Tensor read_features(Hdf5Reader& file, int64_t rows, const CacheKey& key) {
  const std::vector<hsize_t> shape = {static_cast<hsize_t>(rows), static_cast<hsize_t>(key.width)};
  const auto values = file.values("features", feature_type(key.stored), shape);
  if (values == nullptr) return at::empty({rows, key.width}, dtype_of(key.stored));
  return at::from_blob(
      const_cast<std::byte*>(values.get()), {rows, key.width}, [values](void*) {},
      at::TensorOptions(dtype_of(key.stored)));
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
  const std::vector<FeatureRow> rows = sealed ? sealed_rows(table.rows) : table.rows;
  const Tensor features = table.features.contiguous();
  const H5::FloatType type = feature_type(key.stored);
  write_key(file, key);
  create_set(file, "features", type, {rows.size(), static_cast<hsize_t>(features.size(1))}, packing)
      .write(features.data_ptr(), type);
  write_rows(file, rows, packing);
  if (!sealed || have_contents(rows))
    write_contents(file, sealed ? kSealedContents : kContents, rows, packing);
  write_column(file, "checksums", H5::PredType::STD_U64LE, checksums_of(rows, features), Packing::plain);
}

/// Throws Error unless the file begins as promptbed's do: with the format of with_checksums().
void check_signature(const fs::path& path) {
  std::array<char, kSignature.size() + 1> begin{};
  const size_t size = InputFile(path).read(begin);
  if (!std::string_view(begin.data(), size).starts_with(kSignature))
    throw Error(fmt::format("{}: is no HDF5 file; {}", path.string(), kReplace));
  if (begin.back() < kSuperblockWithChecksums)
    throw Error(fmt::format("{}: is an HDF5 file of an earlier promptbed or of another program; {}",
                            path.string(), kReplace));
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

FeatureFile::FeatureFile(const fs::path& path) : path_(path) {
  H5::Exception::dontPrint();
  check_signature(path);
  reading(path, kReplace, [&] {
    file_ = std::make_unique<Hdf5Reader>(path);
    const nlohmann::json key = parse_json(file_->attribute("key"), path.string() + ": its key");
    if (const int format = key.at("format"); format != kFeatureFormat) {
      throw Error(fmt::format("{}: is a feature file of format {}, and this runner reads format {}; {}",
                              path.string(), format, kFeatureFormat, kReplace));
    }
    key_ = cache_key_from_json(key);
    const bool is_earlier = file_->has(kEarlierStamp);
    sealed_ = !is_earlier && !file_->has(kContents);
    if (is_earlier) return;  // it does not say what its images held, so no row counts
    rows_ = read_rows(*file_);
    if (!sealed_ || file_->has(kSealedContents))
      read_contents(*file_, sealed_ ? kSealedContents : kContents, rows_);
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
  if (rows_.empty()) return at::empty({0, key_.width}, dtype_of(key_.stored));
  const char* remedy = sealed_ ? kPutBack : kDelete;
  const size_t blocks = (rows_.size() + kRowsPerChecksum - 1) / kRowsPerChecksum;
  Tensor features;
  const auto checksums = reading(path_, remedy, [&] {
    features = read_features(*file_, static_cast<int64_t>(rows_.size()), key_);
    return file_->column<uint64_t>("checksums", H5::PredType::STD_U64LE, blocks);
  });
  const auto found = checksums_of(rows_, features);
  const auto bad = std::ranges::mismatch(found, checksums).in1 - found.begin();
  if (bad != static_cast<int64_t>(blocks)) {
    throw Error(fmt::format("{}: rows from {} on do not match their checksum; {}", path_.string(),
                            bad * kRowsPerChecksum, remedy));
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
