#include "features/hdf5_columns.h"

#include <algorithm>

namespace promptbed {
namespace {

constexpr hsize_t kChunkRows = 1024;
constexpr int kDeflateLevel = 6;

/// Strings of a column, concatenated, each padded with zeros to the width of the longest.
H5::StrType padded_type(size_t width) {
  H5::StrType type(H5::PredType::C_S1, width);
  type.setStrpad(H5T_STR_NULLPAD);
  type.setCset(H5T_CSET_UTF8);
  return type;
}

H5::DSetCreatPropList properties_of(const std::vector<hsize_t>& shape, Packing packing) {
  H5::DSetCreatPropList properties;
  H5Pset_obj_track_times(properties.getId(), false);
  if (packing == Packing::deflated && shape.front() > 0) {
    std::vector<hsize_t> block = shape;
    block.front() = std::min(block.front(), kChunkRows);
    properties.setChunk(static_cast<int>(block.size()), block.data());
    properties.setShuffle();
    properties.setDeflate(kDeflateLevel);
  }
  return properties;
}

}  // namespace

H5::DataSet create_set(H5::H5File& file, const char* name, const H5::DataType& type,
                       const std::vector<hsize_t>& shape, Packing packing) {
  const H5::DataSpace space(static_cast<int>(shape.size()), shape.data());
  return file.createDataSet(name, type, space, properties_of(shape, packing));
}

void write_texts(H5::H5File& file, const char* name, const std::vector<std::string>& texts, Packing packing) {
  size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  std::string characters;
  for (const std::string& text : texts) characters.append(text).append(width - text.size(), '\0');
  const H5::StrType type = padded_type(width);
  create_set(file, name, type, {texts.size()}, packing).write(characters.data(), type);
}

}  // namespace promptbed
