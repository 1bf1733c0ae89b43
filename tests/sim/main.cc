// sim --seeds N [--from S] [--jobs J] [--bug NAME]   runs seeds S to S+N-1
// sim --seed S [--trace] [--bug NAME]                runs one, and tells its story
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "libs/obs/log.h"
#include "tests/sim/world.h"

namespace agentflow::sim {
namespace {

struct Arguments {
  uint64_t from = 1;
  uint64_t seeds = 1;
  uint64_t jobs = 1;
  bool trace = false;
  Bug bug = Bug::kNone;
};

[[noreturn]] void Usage() {
  std::fprintf(stderr,
               "usage: sim --seeds N [--from S] [--jobs J] [--bug NAME]\n"
               "       sim --seed S [--trace] [--bug NAME]\nbugs:\n");
  for (const BugInfo& bug : AllBugs()) {
    std::fprintf(stderr, "  %-30s %s\n", std::string(bug.name).c_str(),
                 std::string(bug.what).c_str());
  }
  std::exit(2);
}

Arguments Parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (i + 1 == count) Usage();
    const std::string value = words[++i];
    const uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (word == "--seeds") {
      arguments.seeds = number;
    } else if (word == "--from" || word == "--seed") {
      arguments.from = number;
    } else if (word == "--jobs" && number > 0) {
      arguments.jobs = number;
    } else if (word == "--bug" && BugNamed(value)) {
      arguments.bug = *BugNamed(value);
    } else {
      Usage();
    }
  }
  return arguments;
}

// Every jobs-th seed from `first`. Prints what it counted; the number of broken seeds.
int RunSome(const Arguments& arguments, uint64_t first) {
  std::map<std::string, int64_t> counts;
  uint64_t events = 0;
  uint64_t ran = 0;
  int broken = 0;
  for (uint64_t i = first; i < arguments.seeds; i += arguments.jobs) {
    Settings settings{.seed = arguments.from + i, .bug = arguments.bug};
    if (arguments.trace) settings.tell = [](const std::string& line) { std::puts(line.c_str()); };
    const Outcome outcome = RunSeed(settings);
    ++ran;
    events += outcome.events;
    for (const auto& [what, count] : outcome.counts) counts[what] += count;
    if (outcome.violation.empty()) continue;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(settings.seed),
                outcome.violation.c_str());
    if (++broken == 10) {
      std::printf("that is enough\n");
      break;
    }
  }
  std::string text;
  for (const auto& [what, count] : counts) {
    text += (text.empty() ? "" : ", ") + what + " " + std::to_string(count);
  }
  std::printf("%llu seeds, %llu events: %s\n", static_cast<unsigned long long>(ran),
              static_cast<unsigned long long>(events), text.c_str());
  std::fflush(stdout);
  return broken;
}

int Run(const Arguments& arguments) {
  std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(arguments.from),
              static_cast<unsigned long long>(arguments.from + arguments.seeds - 1));
  std::fflush(stdout);
  // A story is told as far as it goes, also where it ends the process.
  if (arguments.trace) std::setvbuf(stdout, nullptr, _IOLBF, 0);
  obs::InitLogging({.service = "sim", .level = obs::Level::kOff});
  if (arguments.jobs == 1) return RunSome(arguments, 0) == 0 ? 0 : 1;
  std::vector<pid_t> children;
  for (uint64_t job = 0; job < arguments.jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) std::_Exit(RunSome(arguments, job) == 0 ? 0 : 1);
    children.push_back(child);
  }
  int worst = 0;
  for (pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) worst = 1;
  }
  return worst;
}

}  // namespace
}  // namespace agentflow::sim

int main(int argc, char** argv) {
  return agentflow::sim::Run(agentflow::sim::Parse(argc, argv));
}
