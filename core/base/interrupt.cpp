#include "base/interrupt.h"

#include <csignal>

namespace promptbed {
namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void remember(int signal) {
  requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_for_interrupts() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

bool interrupted() noexcept {
  return requested != 0;
}

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace promptbed
