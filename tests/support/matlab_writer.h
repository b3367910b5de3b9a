#pragma once

#include <matio.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace promptbed::test {

/// Writes MATLAB files (.mat, version 5) for tests.
class MatlabWriter {
 public:
  explicit MatlabWriter(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    file_ = Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5);
    if (file_ == nullptr) throw std::runtime_error("cannot write " + path.string());
  }
  ~MatlabWriter() { Mat_Close(file_); }
  MatlabWriter(const MatlabWriter&) = delete;
  MatlabWriter& operator=(const MatlabWriter&) = delete;

  void numbers(const char* name, std::vector<uint8_t> values) const { write(number_row(name, values)); }

  /// A cell array of texts.
  void texts(const char* name, const std::vector<std::string>& values) const {
    size_t sizes[2] = {1, values.size()};
    matvar_t* cells = Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, sizes, nullptr, 0);
    for (size_t i = 0; i < values.size(); ++i) Mat_VarSetCell(cells, static_cast<int>(i), text(values[i]));
    write(cells);
  }

  /// A struct array of a text "fname" and a number "class".
  void annotations(const std::vector<std::pair<std::string, uint8_t>>& images) const {
    const char* fields[] = {"class", "fname"};
    matvar_t* list =
        Mat_VarCreateStruct("annotations", 2, std::vector<size_t>{1, images.size()}.data(), fields, 2);
    for (size_t i = 0; i < images.size(); ++i) {
      std::vector<uint8_t> number = {images[i].second};
      Mat_VarSetStructFieldByName(list, "class", i, number_row("class", number));
      Mat_VarSetStructFieldByName(list, "fname", i, text(images[i].first));
    }
    write(list);
  }

 private:
  static matvar_t* number_row(const char* name, std::vector<uint8_t>& values) {
    size_t sizes[2] = {1, values.size()};
    return Mat_VarCreate(name, MAT_C_UINT8, MAT_T_UINT8, 2, sizes, values.data(), 0);
  }

  static matvar_t* text(const std::string& value) {
    size_t sizes[2] = {1, value.size()};
    return Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF8, 2, sizes, const_cast<char*>(value.data()), 0);
  }

  void write(matvar_t* variable) const {
    const int fault = Mat_VarWrite(file_, variable, MAT_COMPRESSION_NONE);
    Mat_VarFree(variable);
    if (fault != 0) throw std::runtime_error("cannot write a MATLAB variable");
  }

  mat_t* file_;
};

}  // namespace promptbed::test
