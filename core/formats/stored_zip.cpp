#include "clip/checkpoints/stored_zip.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <zip.h>

#include "base/input_file.h"

namespace promptbed {
namespace {

[[noreturn]] void reject(const std::filesystem::path& path, const std::string& fault) {
  throw Error(fmt::format("{}: is damaged ({}); copy or download it again", path.string(), fault));
}

/// The folder of an archive's first record.
std::string folder_of(zip_t* archive) {
  const char* const first = zip_get_name(archive, 0, ZIP_FL_ENC_RAW);
  const std::string name = first == nullptr ? "" : first;
  return name.substr(0, name.find('/') + 1);
}

}  // namespace

struct StoredZip::Archive {
  explicit Archive(const std::filesystem::path& path) : zip(zip_open(path.c_str(), ZIP_RDONLY, nullptr)) {}
  ~Archive() {
    if (zip != nullptr) zip_discard(zip);
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  zip_t* zip;
};

StoredZip::StoredZip(const std::filesystem::path& path)
    : path_(path), unread_bytes_(InputFile(path).size()), archive_(std::make_unique<Archive>(path)) {
  if (archive_->zip == nullptr) reject(path_, "no archive of torch.save");
  folder_ = folder_of(archive_->zip);
}

StoredZip::~StoredZip() = default;

std::vector<char> StoredZip::read(const std::string& name) {
  zip_stat_t record;
  if (zip_stat(archive_->zip, (folder_ + name).c_str(), ZIP_FL_ENC_RAW, &record) != 0)
    reject(path_, fmt::format("it lacks the record {}", name));
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((record.valid & kNeeded) != kNeeded || record.comp_method != ZIP_CM_STORE ||
      record.encryption_method != ZIP_EM_NONE || record.size > unread_bytes_)
    reject(path_, fmt::format("its record {} is compressed or larger than the file", name));
  std::vector<char> contents(record.size);
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(
      zip_fopen_index(archive_->zip, record.index, 0), zip_fclose);
  // libzip compares the checksum once it is asked for more than there is.
  char more = 0;
  if (file == nullptr ||
      zip_fread(file.get(), contents.data(), contents.size()) != static_cast<zip_int64_t>(contents.size()) ||
      zip_fread(file.get(), &more, 1) != 0)
    reject(path_, fmt::format("its record {} cannot be read", name));
  unread_bytes_ -= record.size;
  return contents;
}

}  // namespace promptbed
