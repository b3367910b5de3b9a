#include "base/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace promptbed {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string contents_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The start of a living process of this host, or "". In /proc/PID/stat the state is field 3 and the start
/// time field 22 (proc(5)); fields are counted after the name, which may itself hold blanks and brackets.
std::string start_of(int64_t pid) {
  const std::string line = contents_of(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kState = 0, kStart = 19;
  if (fields.size() <= kStart || fields[kState] == "Z" || fields[kState] == "X") return {};
  const std::string boot = contents_of("/proc/sys/kernel/random/boot_id");
  return fmt::format("{}+{}", boot.substr(0, boot.find('\n')), fields[kStart]);
}

}  // namespace

ProcessIdentity this_process() {
  return {.host = host_name(), .pid = ::getpid(), .start = start_of(::getpid())};
}

bool lives_here(const ProcessIdentity& process) {
  return process.host == host_name() && !process.start.empty() && start_of(process.pid) == process.start;
}

bool may_live(const ProcessIdentity& process) {
  return process.host != host_name() || lives_here(process);
}

}  // namespace promptbed
