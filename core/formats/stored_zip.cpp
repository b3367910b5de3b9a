#include "formats/stored_zip.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <zip.h>

#include <utility>

#include "base/files.h"
#include "base/input_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void reject(const fs::path& path, const std::string& fault) {
  throw Error(fmt::format("{}: is damaged ({}); copy or download it again", path.string(), fault));
}

struct Discarded {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
using OpenZip = std::unique_ptr<zip_t, Discarded>;

bool is_stored(const zip_stat_t& file) {
  return file.comp_method == ZIP_CM_STORE && file.encryption_method == ZIP_EM_NONE;
}

/// The first of January 1980, when ZIP's time begins: archives made at any time have the same bytes.
void set_no_time(zip_t* zip, zip_uint64_t index) {
  constexpr zip_uint16_t kMidnight = 0, kFirstDay = (1 << 5) | 1;
  zip_file_set_dostime(zip, index, kMidnight, kFirstDay, 0);
}

}  // namespace

struct StoredZip::Archive {
  OpenZip zip;
};

StoredZip::StoredZip(const fs::path& path) : path_(path) {
  uint64_t bytes_left = InputFile(path).size();
  archive_ = std::make_unique<Archive>(OpenZip(zip_open(path.c_str(), ZIP_RDONLY, nullptr)));
  zip_t* const zip = archive_->zip.get();
  if (zip == nullptr) reject(path_, "no ZIP archive");
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  for (zip_uint64_t index = 0; std::cmp_less(index, count); ++index) {
    zip_stat_t file;
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(zip, index, ZIP_FL_ENC_RAW, &file) != 0 || (file.valid & kNeeded) != kNeeded)
      reject(path_, fmt::format("its file {} cannot be read", index + 1));
    names_.emplace_back(file.name);
    if (!is_stored(file)) continue;
    if (file.size > bytes_left)
      reject(path_, fmt::format("its file {} is larger than the archive", file.name));
    bytes_left -= file.size;
  }
}

StoredZip::~StoredZip() = default;
StoredZip::StoredZip(StoredZip&&) noexcept = default;

std::string StoredZip::read(const std::string& name) const {
  zip_t* const zip = archive_->zip.get();
  zip_stat_t record;
  if (zip_stat(zip, name.c_str(), ZIP_FL_ENC_RAW, &record) != 0)
    reject(path_, fmt::format("it lacks the file {}", name));
  if (!is_stored(record)) reject(path_, fmt::format("its file {} is compressed or encrypted", name));
  std::string contents(record.size, '\0');  // the constructor has seen that the archive is as large
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(zip, record.index, 0),
                                                                zip_fclose);
  // libzip compares the checksum once it is asked for more than there is.
  char more = 0;
  if (file == nullptr ||
      zip_fread(file.get(), contents.data(), contents.size()) != static_cast<zip_int64_t>(contents.size()) ||
      zip_fread(file.get(), &more, 1) != 0)
    reject(path_, fmt::format("its file {} does not match its checksum", name));
  return contents;
}

void write_stored_zip(const fs::path& path, const std::vector<std::string>& names,
                      const std::function<std::string(const std::string&)>& read) {
  write_atomically(path, [&](const fs::path& temporary) {
    const auto fail = [&](zip_t* zip) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), zip == nullptr ? "no archive" : zip_strerror(zip)));
    };
    OpenZip zip(zip_open(temporary.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr));
    if (zip == nullptr) fail(nullptr);
    std::vector<std::string> contents;  // libzip reads them when the archive is closed
    contents.reserve(names.size());
    for (const std::string& name : names) {
      const std::string& bytes = contents.emplace_back(read(name));
      zip_source_t* const source = zip_source_buffer(zip.get(), bytes.data(), bytes.size(), 0);
      const zip_int64_t index = zip_file_add(zip.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
      if (index < 0) {
        zip_source_free(source);
        fail(zip.get());
      }
      const auto place = static_cast<zip_uint64_t>(index);
      if (zip_set_file_compression(zip.get(), place, ZIP_CM_STORE, 0) != 0) fail(zip.get());
      set_no_time(zip.get(), place);
    }
    if (zip_close(zip.get()) != 0) fail(zip.get());
    zip.release();  // closed
  });
}

}  // namespace promptbed
