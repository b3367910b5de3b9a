#include "base/program.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>

#include "base/child_process.h"

extern char** environ;  // NOLINT: named by POSIX

namespace promptbed {
namespace {

/// A file without a name: unlike a pipe, it never makes one end wait for the other.
class NamelessFile {
 public:
  NamelessFile() : file_(std::tmpfile(), &std::fclose) {
    if (!file_)
      throw Error(
          fmt::format("no temporary file can be made ({}); make room in the folder of temporary files",
                      std::strerror(errno)));
  }

  int descriptor() const { return ::fileno(file_.get()); }

  void fill(std::string_view text) const {
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0)
      throw Error("a temporary file cannot be written; make room in the folder of temporary files");
    std::rewind(file_.get());
  }

  /// All that is in it. The program had moved the place where both ends read and write.
  std::string contents() const {
    std::rewind(file_.get());
    std::string all;
    std::array<char, 65536> piece{};
    while (const size_t count = std::fread(piece.data(), 1, piece.size(), file_.get()))
      all.append(piece.data(), count);
    return all;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// The standard streams of a program that is to be started.
class Streams {
 public:
  Streams(const NamelessFile& input, const NamelessFile& output, const NamelessFile& errors) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input.descriptor(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output.descriptor(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, errors.descriptor(), STDERR_FILENO);
  }
  ~Streams() { ::posix_spawn_file_actions_destroy(&actions_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// The exit status that wait(2) gives.
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& words, std::string_view input) {
  const NamelessFile in, out, err;
  in.fill(input);
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));  // never written to
  arguments.push_back(nullptr);
  const Streams streams(in, out, err);
  pid_t child = -1;
  const int failure =
      ::posix_spawnp(&child, arguments[0], streams.get(), /*attrp=*/nullptr, arguments.data(), environ);
  if (failure != 0) throw Error(fmt::format("{}: cannot be started ({})", words[0], std::strerror(failure)));
  const std::string fault = describe_exit(wait_for(child));
  return {fault, out.contents(), err.contents()};
}

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((std::filesystem::path(folder) / name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace promptbed
