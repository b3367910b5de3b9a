#include "formats/stored_zip.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <zip.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include "base/files.h"
#include "base/input_file.h"
#include "base/text.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// `fault` may hold names from the archive, which can be any bytes.
[[noreturn]] void reject_zip(const fs::path& path, const std::string& fault) {
  throw Error(fmt::format("{}: is damaged ({}); copy or download it again", path.string(), printable(fault)));
}

/// Closed without being written. By a function, since a class of this unnamed namespace must not be part of
/// StoredZip::Archive.
using OpenZip = std::unique_ptr<zip_t, void (*)(zip_t*)>;

bool is_stored(const zip_stat_t& file) {
  return file.comp_method == ZIP_CM_STORE && file.encryption_method == ZIP_EM_NONE;
}

/// The first of January 1980, when ZIP's time begins: archives made at any time have the same bytes.
void set_no_time(zip_t* zip, zip_uint64_t index) {
  constexpr zip_uint16_t kMidnight = 0, kFirstDay = (1 << 5) | 1;
  zip_file_set_dostime(zip, index, kMidnight, kFirstDay, 0);
}

/// A file of an archive to be. It is read when libzip first asks for its size, right before it asks for the
/// contents, so that one at a time is in memory. Its size is asked for once more when all are written.
class LateFile {
 public:
  /// What `read` throws goes to `fault`.
  LateFile(std::string name, const std::function<std::string(const std::string&)>& read,
           std::exception_ptr& fault)
      : name_(std::move(name)), read_(read), fault_(fault) {}

  /// libzip's interface: zip_source_function(3).
  static zip_int64_t serve(void* state, void* data, zip_uint64_t size, zip_source_cmd_t command) {
    auto* const file = static_cast<LateFile*>(state);
    switch (command) {
      case ZIP_SOURCE_OPEN:
        return file->load() ? 0 : -1;
      case ZIP_SOURCE_READ:
        return file->copy_to({static_cast<char*>(data), size});
      case ZIP_SOURCE_CLOSE:
        file->contents_.reset();
        return 0;
      case ZIP_SOURCE_STAT:
        return file->describe(*static_cast<zip_stat_t*>(data));
      case ZIP_SOURCE_ERROR: {
        zip_error_t error;
        zip_error_init_with_code(&error, ZIP_ER_READ);
        return zip_error_to_data(&error, data, size);
      }
      case ZIP_SOURCE_FREE:
        delete file;
        return 0;
      default:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    }
  }

 private:
  bool load() {
    at_ = 0;
    if (contents_) return true;
    try {
      contents_ = read_(name_);
      size_ = contents_->size();
    } catch (...) {
      fault_ = std::current_exception();
    }
    return contents_.has_value();
  }

  zip_int64_t copy_to(std::span<char> buffer) {
    const size_t count = std::min(buffer.size(), contents_->size() - at_);
    std::copy_n(contents_->begin() + static_cast<ptrdiff_t>(at_), count, buffer.begin());
    at_ += count;
    return static_cast<zip_int64_t>(count);
  }

  zip_int64_t describe(zip_stat_t& file) {
    if (!size_ && !load()) return -1;
    zip_stat_init(&file);
    file.size = *size_;
    file.valid = ZIP_STAT_SIZE;
    return sizeof(file);
  }

  std::string name_;
  const std::function<std::string(const std::string&)>& read_;
  std::exception_ptr& fault_;
  std::optional<std::string> contents_;
  std::optional<zip_uint64_t> size_;
  size_t at_ = 0;
};

}  // namespace

struct StoredZip::Archive {
  OpenZip zip;
};

StoredZip::StoredZip(const fs::path& path) : path_(path) {
  uint64_t bytes_left = InputFile(path).size();
  archive_.reset(new Archive{{zip_open(path.c_str(), ZIP_RDONLY, nullptr), zip_discard}});
  zip_t* const zip = archive_->zip.get();
  if (zip == nullptr) reject_zip(path_, "no ZIP archive");
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  for (zip_uint64_t index = 0; std::cmp_less(index, count); ++index) {
    zip_stat_t file;
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(zip, index, ZIP_FL_ENC_RAW, &file) != 0 || (file.valid & kNeeded) != kNeeded)
      reject_zip(path_, fmt::format("its file {} cannot be read", index + 1));
    names_.emplace_back(file.name);
    places_.emplace(file.name, index);
    if (!is_stored(file)) continue;
    if (file.size > bytes_left)
      reject_zip(path_, fmt::format("its file {} is larger than the archive", file.name));
    bytes_left -= file.size;
  }
}

StoredZip::~StoredZip() = default;
StoredZip::StoredZip(StoredZip&&) noexcept = default;

std::string StoredZip::read(const std::string& name) const {
  zip_t* const zip = archive_->zip.get();
  zip_stat_t record;
  const auto place = places_.find(name);
  if (place == places_.end() || zip_stat_index(zip, place->second, ZIP_FL_ENC_RAW, &record) != 0)
    reject_zip(path_, fmt::format("it lacks the file {}", name));
  if (!is_stored(record)) {
    throw Error(fmt::format("{}: its file {} is compressed or encrypted; pack it anew, as `zip -0` does",
                            path_.string(), printable(name)));
  }
  std::string contents(record.size, '\0');  // the constructor has seen that the archive is as large
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(zip, record.index, 0),
                                                                zip_fclose);
  // libzip compares the checksum once it is asked for more than there is.
  char more = 0;
  if (file == nullptr ||
      zip_fread(file.get(), contents.data(), contents.size()) != static_cast<zip_int64_t>(contents.size()) ||
      zip_fread(file.get(), &more, 1) != 0)
    reject_zip(path_, fmt::format("its file {} does not match its checksum", name));
  return contents;
}

void write_stored_zip(const fs::path& path, const std::vector<std::string>& names,
                      const std::function<std::string(const std::string&)>& read) {
  write_atomically(path, [&](const fs::path& temporary) {
    std::exception_ptr fault;
    const auto fail = [&](zip_t* zip) {
      if (fault) std::rethrow_exception(fault);
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), zip == nullptr ? "no archive" : zip_strerror(zip)));
    };
    OpenZip zip(zip_open(temporary.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr), zip_discard);
    if (zip == nullptr) fail(nullptr);
    for (const std::string& name : names) {
      auto file = std::make_unique<LateFile>(name, read, fault);
      zip_source_t* const source = zip_source_function(zip.get(), LateFile::serve, file.get());
      if (source == nullptr) fail(zip.get());
      static_cast<void>(file.release());  // the source's
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
    static_cast<void>(zip.release());  // closed
  });
}

}  // namespace promptbed
