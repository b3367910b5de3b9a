#include "features/hdf5_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/mapped_bytes.h"

namespace promptbed {
namespace {

constexpr uint64_t kFreeBudget = 64 << 20;
constexpr uint64_t kBudgetPerByte = 16;
constexpr uint64_t kMostDeflation = 1100;  // deflate shrinks data at most 1032 times
constexpr size_t kLongestAttribute = 64 << 10;
constexpr size_t kLongestText = 4096;
constexpr const char* kForeign = "is stored in a way that promptbed does not write";

[[noreturn]] void refuse(const char* name, const char* what) {
  throw H5::DataSetIException("", fmt::format("'{}' {}", name, what));
}

/// A cache file never changes once it has its name, so HDF5 need not lock it (which fails on some network
/// drives).
H5::FileAccPropList without_locking() {
  H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), false, true);
  return access;
}

/// Whether the filters are none, or those of a packed column: shuffled, then deflated.
bool are_ours(const H5::DSetCreatPropList& properties) {
  const int count = properties.getNfilters();
  if (count != 0 && count != 2) return false;
  constexpr std::array<H5Z_filter_t, 2> kOurs = {H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE};
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    size_t values = 0;
    if (H5Pget_filter2(properties.getId(), i, nullptr, &values, nullptr, 0, nullptr, nullptr) != kOurs[i])
      return false;
  }
  return true;
}

std::vector<hsize_t> extents_of(const char* name, const H5::DataSet& set, size_t rank) {
  const H5::DataSpace space = set.getSpace();
  if (!space.isSimple() || space.getSimpleExtentNdims() != static_cast<int>(rank))
    refuse(name, "has another number of dimensions");
  std::vector<hsize_t> extents(rank);
  space.getSimpleExtentDims(extents.data());
  return extents;
}

/// The bytes of all values. Throws if 63 bits cannot count them.
uint64_t byte_count(const char* name, size_t value_bytes, const std::vector<hsize_t>& shape) {
  int64_t bytes = static_cast<int64_t>(value_bytes);
  for (const hsize_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) refuse(name, "has an impossible shape");
  }
  return static_cast<uint64_t>(bytes);
}

/// The rows that each chunk of a dataset holds, of which it must hold all columns.
hsize_t rows_of_chunk(const char* name, const H5::DataSet& set, const std::vector<hsize_t>& shape) {
  std::vector<hsize_t> chunk(shape.size());
  const auto rank = static_cast<int>(shape.size());
  if (set.getCreatePlist().getChunk(rank, chunk.data()) != rank) refuse(name, kForeign);
  const bool has_whole_rows = std::equal(chunk.begin() + 1, chunk.end(), shape.begin() + 1);
  if (!has_whole_rows || chunk.front() < 1 || chunk.front() > shape.front()) refuse(name, kForeign);
  return chunk.front();
}

/// Unpacks the chunk that begins at `place`, except for its shuffle. HDF5's own pipeline trusts the sizes in
/// the file; here the chunk must have exactly the bytes that are asked for. Returns whether it has.
bool unpack_chunk(const H5::DataSet& set, const std::vector<hsize_t>& place, std::span<std::byte> chunk) {
  hsize_t size = 0;
  if (H5Dget_chunk_storage_size(set.getId(), place.data(), &size) < 0) return false;
  if (size == 0 || size > compressBound(chunk.size())) return false;
  std::vector<Bytef> packed(size);
  uint32_t filters_left_out = 0;
  if (H5Dread_chunk(set.getId(), H5P_DEFAULT, place.data(), &filters_left_out, packed.data()) < 0 ||
      filters_left_out != 0)
    return false;
  uLongf unpacked = chunk.size();
  return uncompress(reinterpret_cast<Bytef*>(chunk.data()), &unpacked, packed.data(), packed.size()) ==
             Z_OK &&
         unpacked == chunk.size();
}

/// Undoes HDF5's shuffle of a chunk, which has the first bytes of all its values, then all second ones, and
/// so on. Writes as many values as there is room for.
void unshuffle(std::span<const std::byte> chunk, size_t value_bytes, std::span<std::byte> values) {
  const size_t stride = chunk.size() / value_bytes;
  for (size_t byte = 0; byte < value_bytes; ++byte) {
    const std::byte* from = chunk.data() + byte * stride;
    for (size_t i = 0; i < values.size() / value_bytes; ++i) values[i * value_bytes + byte] = from[i];
  }
}

}  // namespace

Hdf5Reader::Hdf5Reader(const std::filesystem::path& path) {
  H5PLset_loading_state(0);  // a filter is code: none is loaded because a file asks for it
  file_ = H5::H5File(path, H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, without_locking());
  void* descriptor = nullptr;
  file_.getVFDHandle(&descriptor);
  descriptor_ = *static_cast<const int*>(descriptor);
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw H5::FileIException("", "its size is unknown");
  file_bytes_ = static_cast<uint64_t>(status.st_size);
  budget_ = kFreeBudget + kBudgetPerByte * file_bytes_;
}

bool Hdf5Reader::has(const char* name) const {
  return file_.nameExists(name);
}

std::string Hdf5Reader::attribute(const char* name) const {
  const H5::Attribute attribute = file_.openAttribute(name);
  const H5::DataType type = attribute.getDataType();
  const bool is_text = type.getClass() == H5T_STRING && !type.isVariableStr();
  if (!is_text || type.getSize() > kLongestAttribute || attribute.getSpace().getSimpleExtentNpoints() != 1)
    refuse(name, "is not a text");
  std::string text(type.getSize(), '\0');
  attribute.read(type, text.data());
  return text;
}

/// A dataset in the file itself, stored as a column of ours. Its shape is not asked for before that is known:
/// of a virtual one it depends on other files.
H5::DataSet Hdf5Reader::open(const char* name) const {
  H5L_info_t link;
  if (H5Lget_info(file_.getId(), name, &link, H5P_DEFAULT) < 0) refuse(name, "is missing");
  if (link.type != H5L_TYPE_HARD) refuse(name, "is a link");
  H5::DataSet set = file_.openDataSet(name);
  const H5::DSetCreatPropList properties = set.getCreatePlist();
  const H5D_layout_t layout = properties.getLayout();
  const bool is_ours = (layout == H5D_CONTIGUOUS && properties.getExternalCount() == 0) ||
                       (layout == H5D_CHUNKED && properties.getNfilters() > 0);
  if (!is_ours || !are_ours(properties)) refuse(name, kForeign);
  return set;
}

std::vector<hsize_t> Hdf5Reader::shape(const char* name, size_t rank) const {
  return extents_of(name, open(name), rank);
}

std::shared_ptr<const std::byte> Hdf5Reader::values(const char* name, const H5::DataType& type,
                                                    const std::vector<hsize_t>& shape) {
  const H5::DataSet set = open(name);
  if (extents_of(name, set, shape.size()) != shape) refuse(name, "has another shape");
  if (!(set.getDataType() == type)) refuse(name, "has another type");
  const uint64_t size = byte_count(name, type.getSize(), shape);
  if (size == 0) return nullptr;
  const bool is_contiguous = set.getCreatePlist().getLayout() == H5D_CONTIGUOUS;
  return is_contiguous ? mapped(set, size) : unpacked(name, set, type.getSize(), shape, size);
}

/// Mapped from the descriptor, not the path: another file may have that path by now.
std::shared_ptr<const std::byte> Hdf5Reader::mapped(const H5::DataSet& set, uint64_t size) const {
  const uint64_t offset = set.getOffset();
  if (offset > file_bytes_ || size > file_bytes_ - offset)
    throw H5::DataSetIException("", "it reaches beyond the end of the file");
  const auto bytes = std::make_shared<const MappedBytes>(descriptor_, offset, size,
                                                         Paging::at_once);  // the checksums read all of it
  return {bytes, bytes->bytes().data()};
}

std::shared_ptr<const std::byte> Hdf5Reader::unpacked(const char* name, const H5::DataSet& set,
                                                      size_t value_bytes, const std::vector<hsize_t>& shape,
                                                      uint64_t size) {
  const hsize_t rows = shape.front();
  const hsize_t rows_at_once = rows_of_chunk(name, set, shape);
  if (size / kMostDeflation > set.getStorageSize()) refuse(name, "claims to be longer than its bytes allow");
  check_budget(size);
  const auto values = std::make_shared<std::vector<std::byte>>(size);
  const size_t row_bytes = size / rows;
  std::vector<std::byte> chunk(rows_at_once * row_bytes);
  std::vector<hsize_t> place(shape.size());
  for (hsize_t& row = place.front(); row < rows; row += rows_at_once) {
    if (!unpack_chunk(set, place, chunk)) refuse(name, "cannot be unpacked");
    const size_t wanted = std::min(rows_at_once, rows - row) * row_bytes;
    unshuffle(chunk, value_bytes, std::span(*values).subspan(row * row_bytes, wanted));
  }
  return {values, values->data()};
}

void Hdf5Reader::charge(uint64_t bytes) {
  check_budget(bytes);
  budget_ -= bytes;
}

void Hdf5Reader::check_budget(uint64_t bytes) const {
  if (bytes > budget_) throw H5::FileIException("", "it asks for more memory than a file of its size may");
}

PaddedTexts Hdf5Reader::texts(const char* name) {
  const std::vector<hsize_t> size = shape(name, 1);
  const H5::DataType type = open(name).getDataType();
  const size_t width = type.getSize();
  if (type.getClass() != H5T_STRING || type.isVariableStr() || width > kLongestText)
    refuse(name, "is not a column of texts");
  const std::shared_ptr<const std::byte> bytes = values(name, type, size);
  charge(size.front() * width);
  return {std::string(reinterpret_cast<const char*>(bytes.get()), size.front() * width), width};
}

}  // namespace promptbed
