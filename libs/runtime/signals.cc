#include "libs/runtime/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace agentflow::runtime {
namespace {

// SIGUSR2 sent by Raise to this process ends the wait like the others do.
constexpr int kRaise = SIGUSR2;

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, kRaise);
  return set;
}

}  // namespace

ShutdownSignal::ShutdownSignal() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set = Watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int ShutdownSignal::Wait() {
  sigset_t set = Watched();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
  return signal == kRaise ? 0 : signal;
}

void ShutdownSignal::Raise() {
  kill(getpid(), kRaise);
}

}  // namespace agentflow::runtime
