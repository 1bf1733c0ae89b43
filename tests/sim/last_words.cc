#include "tests/sim/last_words.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace agentflow::sim {
namespace {

constexpr int kSignals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM};

char words[256];
std::array<struct sigaction, NSIG> before;

void Say(int number) {
  if (write(STDERR_FILENO, words, strlen(words)) < 0) return;
  sigaction(number, &before[static_cast<size_t>(number)], nullptr);
  raise(number);  // once this handler has returned
}

// On a stack of its own: an endless recursion has used up the other one.
void Install() {
  static std::array<char, 64 * 1024> place;
  const stack_t stack{.ss_sp = place.data(), .ss_flags = 0, .ss_size = place.size()};
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = Say;
  action.sa_flags = SA_ONSTACK;
  for (const int number : kSignals) {
    sigaction(number, &action, &before[static_cast<size_t>(number)]);
  }
}

}  // namespace

void PrepareLastWords(const Settings& settings) {
  std::string bug;
  for (const BugInfo& info : AllBugs()) {
    if (settings.bug != Bug::kNone && info.bug == settings.bug) {
      bug = " --bug " + std::string(info.name);
    }
  }
  std::snprintf(words, sizeof(words),
                "seed %llu ended the process; its story: tools/dev sim --seed %llu --trace%s\n",
                static_cast<unsigned long long>(settings.seed),
                static_cast<unsigned long long>(settings.seed), bug.c_str());
  static const bool installed = (Install(), true);
  (void)installed;
}

}  // namespace agentflow::sim
