#include "clip/checkpoints/safetensors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// A file with the given header and so many bytes of data, whatever the header says.
std::filesystem::path forge(const test::ScratchFolder& scratch, const std::string& header,
                            size_t data_bytes) {
  std::string contents(8, '\0');
  const uint64_t length = header.size();
  std::memcpy(contents.data(), &length, sizeof(length));
  write_file(scratch / "forged.safetensors", contents + header + std::string(data_bytes, '\0'));
  return scratch / "forged.safetensors";
}

TEST(Safetensors, ReadsWhatItWrote) {
  test::ScratchFolder scratch;
  NamedTensors written;
  for (const auto type :
       {at::kHalf, at::kFloat, at::kBFloat16, at::kDouble, at::kLong, at::kInt, at::kByte, at::kBool})
    written.emplace_back(c10::toString(type), at::arange(3).to(type));
  written.emplace_back("scalar", at::full({}, 4.5f));
  written.emplace_back("empty", at::zeros({0, 3}));
  written.emplace_back("transposed", at::arange(6).reshape({2, 3}).t());
  write_safetensors(scratch / "t.safetensors", written, {{"run", "abc"}});

  const Safetensors read = read_safetensors(scratch / "t.safetensors");
  EXPECT_EQ(read.texts.at("run"), "abc");
  ASSERT_EQ(read.tensors.size(), written.size());
  for (const auto& [name, tensor] : written) {
    EXPECT_EQ(read.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(read.tensors.at(name), tensor)) << name;
  }
}

TEST(Safetensors, TensorsOutliveTheFile) {
  test::ScratchFolder scratch;
  write_safetensors(scratch / "t.safetensors", {{"x", at::ones({4})}});
  Tensor x = read_safetensors(scratch / "t.safetensors").tensors.at("x");
  std::filesystem::remove(scratch / "t.safetensors");
  x.add_(1);  // the mapping is copy-on-write
  EXPECT_EQ(x.sum().item<float>(), 8);
}

TEST(Safetensors, NamesWhatIsWrongWithTheFile) {
  test::ScratchFolder scratch;
  EXPECT_ERROR(read_safetensors(scratch / "none.safetensors"),
               "none.safetensors: cannot be read (No such file or directory)");
  EXPECT_ERROR(read_safetensors(forge(scratch, "{", 0)), "the header: is not JSON; fix or replace the file");
  EXPECT_ERROR(read_safetensors(forge(scratch, "[1]", 0)), "no JSON object");
  EXPECT_ERROR(read_safetensors(forge(scratch, R"({"x":{"dtype":"F32"}})", 4)), "tensor 'x'");
  EXPECT_ERROR(
      read_safetensors(forge(scratch, R"({"x":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}})", 1)),
      "type 'F8'");
  EXPECT_ERROR(
      read_safetensors(forge(scratch, R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8)),
      "8 bytes where its shape asks for 12");
  EXPECT_ERROR(
      read_safetensors(forge(scratch, R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})", 8)),
      "shape and data_offsets of tensor 'x' must be whole numbers");
  EXPECT_ERROR(
      read_safetensors(
          forge(scratch, R"({"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0)),
      "impossible shape");
  EXPECT_ERROR(
      read_safetensors(forge(scratch, R"({"x":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 4)),
      "4 bytes of tensors where the header announces 9");
  EXPECT_ERROR(read_safetensors(forge(scratch,
                                      R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                                      R"("y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                                      6)),
               "overlaps");
}

TEST(Safetensors, HasWholeNumbersOnly) {
  test::ScratchFolder scratch;
  for (const char* header : {R"({"x":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}})",
                             R"({"x":{"dtype":"U8","shape":[8],"data_offsets":[0.0,8]}})",
                             R"({"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8,8]}})",
                             R"({"x":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,8]}})",
                             R"({"x":{"dtype":"U8","shape":{"a":8},"data_offsets":[0,8]}})",
                             R"({"x":{"dtype":"U8","shape":[8],"data_offsets":[-18446744073709551616,8]}})"})
    EXPECT_ERROR(read_safetensors(forge(scratch, header, 8)),
                 "is damaged (shape and data_offsets of tensor 'x' must be whole numbers)");
}

TEST(Safetensors, NamesNoTensorTwice) {
  test::ScratchFolder scratch;
  EXPECT_ERROR(read_safetensors(forge(scratch,
                                      R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                      R"("x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})",
                                      4)),
               "the header: has the key 'x' twice");
}

TEST(Safetensors, NamesATruncatedFile) {
  test::ScratchFolder scratch;
  write_safetensors(scratch / "t.safetensors", {{"x", at::ones({100})}});
  for (const size_t kept : {0, 5, 20, 300}) {
    write_file(scratch / "cut.safetensors", read_file(scratch / "t.safetensors").substr(0, kept));
    EXPECT_ERROR(read_safetensors(scratch / "cut.safetensors"), "is damaged");
  }
}

}  // namespace
}  // namespace promptbed
