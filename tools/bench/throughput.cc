#include <atomic>
#include <functional>

#include "libs/base/status.h"
#include "tools/bench/completions.h"
#include "tools/bench/figures.h"
#include "tools/bench/pace.h"
#include "tools/bench/scenarios.h"

namespace agentflow::bench {
namespace {

constexpr double kWarmUp = 1.5;
constexpr int kDrainSeconds = 20;

}  // namespace

absl::StatusOr<json::Value> Throughput(const Scenario& scenario) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, scenario.direct, scenario.workflow));
  AF_ASSIGN_OR_RETURN(rpc::ChannelPtr executor, ExecutorChannel(scenario.files, "monitor"));
  std::atomic<int64_t> completed{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> going{0};
  std::atomic<bool> stop{false};
  Times acknowledged;
  std::function<void()> start = [&] {
    if (stop) return;
    ++going;
    SteadyClock::time_point begin = SteadyClock::now();
    starter->Start([&, begin](const absl::StatusOr<std::string>& id) {
      if (id.ok()) return acknowledged.Add(MicrosSince(begin));
      ++refused;
      --going;
    });
  };
  Completions completions(executor, scenario.workflow, [&](const Completions::Change&) {
    ++completed;
    --going;
    start();
  });
  completions.CatchUp();
  for (int i = 0; i < scenario.in_flight; ++i) start();
  Wait(kWarmUp);
  int64_t before = completed;
  SteadyClock::time_point begin = SteadyClock::now();
  Wait(scenario.seconds);
  double rate = static_cast<double>(completed - before) /
                (static_cast<double>(MicrosSince(begin)) / 1e6);
  stop = true;
  SteadyClock::time_point drained = SteadyClock::now() + std::chrono::seconds(kDrainSeconds);
  while (going > 0 && SteadyClock::now() < drained) Wait(0.02);
  return json::Value(json::Object{{"workflows_per_second", rate},
                                  {"acknowledgement", acknowledged.Summary()},
                                  {"completed", completed.load()},
                                  {"refused", refused.load()},
                                  {"failed", completions.failed()},
                                  {"unfinished", going.load()}});
}

absl::StatusOr<json::Value> Calls(const Scenario& scenario) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, scenario.direct, scenario.workflow));
  std::atomic<int64_t> answered{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> going{0};
  std::atomic<bool> stop{false};
  std::function<void()> start = [&] {
    if (stop) return;
    ++going;
    starter->Start([&](const absl::StatusOr<std::string>& id) {
      ++(id.ok() ? answered : refused);
      if (id.ok()) start();
      --going;
    });
  };
  for (int i = 0; i < scenario.in_flight; ++i) start();
  Wait(kWarmUp);
  int64_t before = answered;
  SteadyClock::time_point begin = SteadyClock::now();
  Wait(scenario.seconds);
  double rate = static_cast<double>(answered - before) /
                (static_cast<double>(MicrosSince(begin)) / 1e6);
  stop = true;
  while (going > 0) Wait(0.02);
  return json::Value(json::Object{{"workflows_per_second", rate},
                                  {"completed", answered.load()},
                                  {"refused", refused.load()}});
}

}  // namespace agentflow::bench
