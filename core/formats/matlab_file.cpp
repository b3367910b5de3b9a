#include "formats/matlab_file.h"

#include <fmt/format.h>
#include <matio.h>
#include <promptbed/error.h>

#include <functional>
#include <numeric>
#include <span>
#include <utility>

#include "base/files.h"

namespace promptbed {

struct MatlabFile::Handle {
  explicit Handle(mat_t* opened) : file(opened) {}
  ~Handle() { Mat_Close(file); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  mat_t* file;
};

namespace {

using Variable = std::unique_ptr<matvar_t, void (*)(matvar_t*)>;

size_t count_elements(const matvar_t& variable) {
  const std::span sizes(variable.dims, static_cast<size_t>(variable.rank));
  return std::accumulate(sizes.begin(), sizes.end(), size_t{1}, std::multiplies<>());
}

template <class Value>
bool append_as(const matvar_t& variable, std::vector<int64_t>& values) {
  for (const Value value : std::span(static_cast<const Value*>(variable.data), count_elements(variable)))
    values.push_back(static_cast<int64_t>(value));
  return true;
}

/// Appends the values of a numeric variable. Returns whether it is one.
bool append_integers(const matvar_t& variable, std::vector<int64_t>& values) {
  if (variable.data == nullptr) return false;
  switch (variable.class_type) {
    case MAT_C_DOUBLE:
      return append_as<double>(variable, values);
    case MAT_C_SINGLE:
      return append_as<float>(variable, values);
    case MAT_C_INT8:
      return append_as<int8_t>(variable, values);
    case MAT_C_UINT8:
      return append_as<uint8_t>(variable, values);
    case MAT_C_INT16:
      return append_as<int16_t>(variable, values);
    case MAT_C_UINT16:
      return append_as<uint16_t>(variable, values);
    case MAT_C_INT32:
      return append_as<int32_t>(variable, values);
    case MAT_C_UINT32:
      return append_as<uint32_t>(variable, values);
    case MAT_C_INT64:
      return append_as<int64_t>(variable, values);
    default:
      return false;
  }
}

/// The same for a text of 8 or 16 bits a letter. The names in these files are ASCII: with any other 16-bit
/// letter it is none.
bool append_text(const matvar_t& variable, std::vector<std::string>& texts) {
  if (variable.class_type != MAT_C_CHAR || variable.data == nullptr) return false;
  if (variable.data_size == 1) {
    texts.emplace_back(static_cast<const char*>(variable.data), variable.nbytes);
    return true;
  }
  if (variable.data_size != 2) return false;
  std::string& text = texts.emplace_back();
  for (const char16_t letter : std::span(static_cast<const char16_t*>(variable.data), variable.nbytes / 2)) {
    if (letter > 0x7f) return false;
    text.push_back(static_cast<char>(letter));
  }
  return true;
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw Error(fmt::format("{}: {}; put the original file there", path.string(), what));
}

/// A variable by name. Throws Error if the file has none.
Variable read_variable(mat_t* file, const std::filesystem::path& path, const char* name) {
  Variable variable(Mat_VarRead(file, name), Mat_VarFree);
  if (variable == nullptr) fail(path, fmt::format("has no readable variable '{}'", name));
  return variable;
}

/// A field of all elements of a struct array.
template <class Value>
std::vector<Value> read_field(mat_t* file, const std::filesystem::path& path, const char* name,
                              const char* field, bool (*append)(const matvar_t&, std::vector<Value>&)) {
  const Variable variable = read_variable(file, path, name);
  const size_t count = variable->class_type == MAT_C_STRUCT ? count_elements(*variable) : 0;
  std::vector<Value> values;
  for (size_t i = 0; i < count; ++i) {
    const matvar_t* const value = Mat_VarGetStructFieldByName(variable.get(), field, i);
    if (value == nullptr || !append(*value, values) || values.size() != i + 1)
      fail(path, fmt::format("element {} of '{}' lacks a proper '{}'", i, name, field));
  }
  if (values.empty()) fail(path, fmt::format("'{}' is not a list of structures", name));
  return values;
}

}  // namespace

MatlabFile::MatlabFile(std::filesystem::path path) : path_(std::move(path)) {
  read_file(path_);  // says why, if it cannot be read
  mat_t* const opened = Mat_Open(path_.c_str(), MAT_ACC_RDONLY);
  if (opened == nullptr) fail(path_, "is not a MATLAB file");
  handle_ = std::make_unique<Handle>(opened);
}

MatlabFile::~MatlabFile() = default;

std::vector<int64_t> MatlabFile::integers(const char* variable) const {
  std::vector<int64_t> values;
  if (!append_integers(*read_variable(handle_->file, path_, variable), values))
    fail(path_, fmt::format("'{}' is not numeric", variable));
  return values;
}

std::vector<std::string> MatlabFile::texts(const char* variable) const {
  const Variable cells = read_variable(handle_->file, path_, variable);
  const size_t count = cells->class_type == MAT_C_CELL ? count_elements(*cells) : 0;
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    const matvar_t* const cell = Mat_VarGetCell(cells.get(), static_cast<int>(i));
    if (cell == nullptr || !append_text(*cell, texts))
      fail(path_, fmt::format("element {} of '{}' is not a text", i, variable));
  }
  if (texts.empty()) fail(path_, fmt::format("'{}' is not a list of texts", variable));
  return texts;
}

std::vector<int64_t> MatlabFile::integers(const char* variable, const char* field) const {
  return read_field<int64_t>(handle_->file, path_, variable, field, append_integers);
}

std::vector<std::string> MatlabFile::texts(const char* variable, const char* field) const {
  return read_field<std::string>(handle_->file, path_, variable, field, append_text);
}

}  // namespace promptbed
