#include <unistd.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/base/status.h"
#include "tools/bench/completions.h"
#include "tools/bench/figures.h"
#include "tools/bench/pace.h"
#include "tools/bench/scenarios.h"

namespace agentflow::bench {
namespace {

constexpr int kPatienceSeconds = 120;
constexpr double kSettle = 1;

double ResidentMegabytes(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// Calls `one(i, answered)` for i below `count`, so many at a time, and waits for all answers.
template <class Call>
void All(int count, int at_once, Call one) {
  std::atomic<int> open{0};
  for (int i = 0; i < count;) {
    if (open >= at_once) {
      Wait(0.0002);
      continue;
    }
    ++open;
    one(i++, [&open] { --open; });
  }
  // The answers must not outlive what they count down.
  while (open > 0) Wait(0.002);
}

}  // namespace

absl::StatusOr<json::Value> Waiting(const Scenario& scenario) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, scenario.direct, scenario.workflow));
  AF_ASSIGN_OR_RETURN(rpc::ChannelPtr executor, ExecutorChannel(scenario.files, "monitor"));
  Times resumed;
  std::mutex mutex;
  std::vector<std::string> waiting;
  std::unordered_map<std::string, SteadyClock::time_point> signalled;
  Completions completions(executor, scenario.workflow, [&](const Completions::Change& change) {
    std::lock_guard lock(mutex);
    auto it = signalled.find(change.execution_id());
    if (it != signalled.end()) resumed.Add(MicrosSince(it->second));
  });
  completions.CatchUp();

  std::atomic<int64_t> refused{0};
  const double before = ResidentMegabytes(scenario.process);
  All(scenario.count, scenario.in_flight, [&](int, const std::function<void()>& answered) {
    starter->Start([&, answered](const absl::StatusOr<std::string>& id) {
      if (id.ok()) {
        std::lock_guard lock(mutex);
        waiting.push_back(*id);
      } else {
        ++refused;
      }
      answered();
    });
  });
  Wait(kSettle);
  const double with_all = ResidentMegabytes(scenario.process);

  const SteadyClock::time_point begin = SteadyClock::now();
  All(static_cast<int>(waiting.size()), scenario.in_flight,
      [&](int i, const std::function<void()>& answered) {
        const std::string& id = waiting[static_cast<size_t>(i)];
        {
          std::lock_guard lock(mutex);
          signalled[id] = SteadyClock::now();
        }
        starter->Signal(id, "go", [&, answered](const absl::Status& status) {
          if (!status.ok()) ++refused;
          answered();
        });
      });
  auto ended = [&] { return resumed.Summary().IntOr("count", 0); };
  const SteadyClock::time_point patience =
      SteadyClock::now() + std::chrono::seconds(kPatienceSeconds);
  const auto all = static_cast<int64_t>(waiting.size());
  while (ended() + refused < all && SteadyClock::now() < patience) Wait(0.05);
  return json::Value(json::Object{{"waiting", all},
                                  {"resident_mb_before", before},
                                  {"resident_mb", with_all},
                                  {"seconds", static_cast<double>(MicrosSince(begin)) / 1e6},
                                  {"resumed", resumed.Summary()},
                                  {"refused", refused.load()},
                                  {"failed", completions.failed()},
                                  {"unfinished", all - ended()}});
}

}  // namespace agentflow::bench
