#include "clip/checkpoints/torch_files.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string_view>

#include "base/files.h"

namespace promptbed {
namespace {

constexpr std::array<std::pair<at::ScalarType, const char*>, 5> kStorageNames = {
    {{at::kFloat, "FloatStorage"},
     {at::kDouble, "DoubleStorage"},
     {at::kHalf, "HalfStorage"},
     {at::kBFloat16, "BFloat16Storage"},
     {at::kLong, "LongStorage"}}};

const char* storage_of(const Tensor& tensor) {
  for (const auto& [type, storage] : kStorageNames) {
    if (type == tensor.scalar_type()) return storage;
  }
  throw Error(fmt::format("a tensor of {} cannot be written for torch.load; convert it to float",
                          c10::toString(tensor.scalar_type())));
}

/// A pickle of protocol 2; the tensors' values are stored beside it.
class TorchPickle {
 public:
  explicit TorchPickle(const TorchDict& contents) {
    dict(contents);
    bytes_ += '.';
  }

  const std::string& bytes() const { return bytes_; }

  /// On the CPU, contiguous, in the order of their keys "0", "1", ...
  const std::vector<Tensor>& storages() const { return storages_; }

 private:
  void value(const TorchValue& value) {
    std::visit([this](const auto& held) { write(held); }, value);
  }

  void write(std::monostate) { bytes_ += 'N'; }
  void write(int64_t integer) {
    // LONG1 of eight bytes.
    bytes_ += "\x8a\x08";
    raw(integer);
  }
  void write(const std::string& text) {
    bytes_ += 'X';
    raw(static_cast<uint32_t>(text.size()));
    bytes_ += text;
  }
  void write(const TorchDict& contents) { dict(contents); }
  void write(const Tensor& tensor) {
    const std::string key = std::to_string(storages_.size());
    storages_.push_back(tensor.detach().cpu().contiguous());
    const Tensor& stored = storages_.back();
    // _rebuild_tensor_v2(("storage", type, key, device, values), offset, sizes, strides, False,
    // OrderedDict())
    global("torch._utils", "_rebuild_tensor_v2");
    bytes_ += "((";
    write(std::string("storage"));
    global("torch", storage_of(stored));
    write(key);
    write(std::string("cpu"));
    write(stored.numel());
    bytes_ += "tQ";
    write(int64_t{0});
    tuple(stored.sizes());
    tuple(stored.strides());
    bytes_ += "\x89";
    global("collections", "OrderedDict");
    bytes_ += ")RtR";
  }

  void dict(const TorchDict& contents) {
    bytes_ += "}(";
    for (const TorchEntry& entry : contents) {
      write(entry.key);
      value(entry.value);
    }
    bytes_ += 'u';
  }

  void tuple(at::IntArrayRef integers) {
    bytes_ += '(';
    for (const int64_t integer : integers) write(integer);
    bytes_ += 't';
  }

  void global(std::string_view module, std::string_view name) {
    bytes_.append("c").append(module).append("\n").append(name).append("\n");
  }

  template <class Number>
  void raw(Number number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }

  std::string bytes_ = "\x80\x02";
  std::vector<Tensor> storages_;
};

}  // namespace

void write_torch_file(const std::filesystem::path& path, const TorchDict& contents) {
  const TorchPickle pickle(contents);
  write_atomically(path, [&](const std::filesystem::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    caffe2::serialize::PyTorchStreamWriter archive([&](const void* data, size_t size) {
      out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
      return size;
    });
    archive.writeRecord("data.pkl", pickle.bytes().data(), pickle.bytes().size());
    for (size_t key = 0; key < pickle.storages().size(); ++key) {
      const Tensor& values = pickle.storages()[key];
      archive.writeRecord("data/" + std::to_string(key), values.data_ptr(), values.nbytes());
    }
    archive.writeEndOfFile();
    out.close();
    if (!out) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), std::strerror(errno)));
    }
  });
}

}  // namespace promptbed
