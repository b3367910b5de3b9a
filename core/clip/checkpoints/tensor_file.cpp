#include "clip/checkpoints/tensor_file.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <string>
#include <string_view>

#include "base/input_file.h"
#include "clip/checkpoints/safetensors.h"
#include "clip/checkpoints/torch_files.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::string_view kZip = "PK\3\4"sv;
constexpr std::string_view kBeforeLibTorch16 = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
constexpr std::string_view kGitLfs = "version https:"sv;
constexpr size_t kSafetensorsHeader = 8;  // where its JSON begins

std::string first_bytes(const fs::path& path) {
  std::string bytes(kBeforeLibTorch16.size(), '\0');
  bytes.resize(InputFile(path).read(bytes));
  return bytes;
}

}  // namespace

std::map<std::string, Tensor> read_tensor_file(const fs::path& path) {
  const std::string begin = first_bytes(path);
  if (begin.starts_with(kZip)) return read_state_dict(path);
  if (begin == kBeforeLibTorch16) {
    throw Error(
        fmt::format("{}: has the format before LibTorch 1.6; load it with a current torch.load and save it "
                    "again with torch.save",
                    path.string()));
  }
  if (begin.starts_with(kGitLfs)) {
    throw Error(fmt::format(
        "{}: is a pointer of git-lfs, not the file itself; run git lfs pull in its folder", path.string()));
  }
  if (begin.starts_with('<'))
    throw Error(fmt::format("{}: is a web page, not a checkpoint; download the file again", path.string()));
  if (begin.size() > kSafetensorsHeader && begin[kSafetensorsHeader] == '{')
    return read_safetensors(path).tensors;
  throw Error(fmt::format("{}: is not a checkpoint; give a .safetensors file or one written by torch.save",
                          path.string()));
}

bool is_torch_file(const fs::path& path) {
  return first_bytes(path).starts_with(kZip);
}

}  // namespace promptbed
