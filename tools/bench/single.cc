#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "tools/bench/completions.h"
#include "tools/bench/figures.h"
#include "tools/bench/pace.h"
#include "tools/bench/scenarios.h"

namespace agentflow::bench {
namespace {

constexpr int kPatienceSeconds = 120;
constexpr double kBetweenTries = 0.02;

absl::StatusOr<google::protobuf::Value> InputOf(const std::string& text) {
  google::protobuf::Value input;
  if (!google::protobuf::util::JsonStringToMessage(text.empty() ? "{}" : text, &input).ok()) {
    return InvalidArgument("INPUT_INVALID", "input", "--input is no JSON");
  }
  return input;
}

// A request id for each lane.
std::vector<std::string> OneForEachLane(const std::string& tenant) {
  const std::string prefix = std::to_string(SteadyClock::now().time_since_epoch().count());
  std::vector<std::string> requests(kLaneCount);
  int left = kLaneCount;
  for (int i = 0; left > 0; ++i) {
    std::string id = prefix + "-" + std::to_string(i);
    std::string& place = requests[static_cast<size_t>(LaneOf(ExecutionIdForRequest(tenant, id)))];
    if (!place.empty()) continue;
    place = std::move(id);
    --left;
  }
  return requests;
}

}  // namespace

absl::StatusOr<json::Value> Once(const Scenario& scenario) {
  AF_ASSIGN_OR_RETURN(google::protobuf::Value input, InputOf(scenario.input));
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, scenario.direct, scenario.workflow));
  AF_ASSIGN_OR_RETURN(rpc::ChannelPtr executor, ExecutorChannel(scenario.files, "monitor"));
  std::atomic<int64_t> ended_after{0};
  SteadyClock::time_point begin;
  std::string state;
  Completions completions(executor, scenario.workflow, [&](const Completions::Change& change) {
    state = change.state();
    ended_after = MicrosSince(begin);
  });
  completions.CatchUp();
  begin = SteadyClock::now();
  std::mutex mutex;
  absl::Status refused;
  starter->Start(input, "", [&](const absl::StatusOr<std::string>& id) {
    std::lock_guard lock(mutex);
    refused = id.status();
  });
  const SteadyClock::time_point patience = begin + std::chrono::seconds(kPatienceSeconds);
  while (ended_after == 0 && SteadyClock::now() < patience) {
    Wait(0.002);
    std::lock_guard lock(mutex);
    AF_RETURN_IF_ERROR(refused);
  }
  return json::Value(json::Object{{"seconds", static_cast<double>(ended_after) / 1e6},
                                  {"failed", int64_t{state != "COMPLETED"}},
                                  {"unfinished", int64_t{ended_after == 0}}});
}

absl::StatusOr<json::Value> EveryLane(const Scenario& scenario) {
  const SteadyClock::time_point begin = SteadyClock::now();
  AF_ASSIGN_OR_RETURN(google::protobuf::Value input, InputOf(""));
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, false, scenario.workflow));
  const std::vector<std::string> requests = OneForEachLane(scenario.files.tenant);
  Times acknowledged;
  std::vector<std::atomic<int>> state(requests.size());  // 0: to send, 1: sent, 2: done
  std::atomic<size_t> done{0};
  std::atomic<int64_t> refusals{0};
  const SteadyClock::time_point patience = begin + std::chrono::seconds(kPatienceSeconds);
  while (done < requests.size() && SteadyClock::now() < patience) {
    for (size_t i = 0; i < requests.size(); ++i) {
      if (state[i] != 0) continue;
      state[i] = 1;
      starter->Start(input, requests[i], [&, i](const absl::StatusOr<std::string>& id) {
        if (id.ok()) {
          acknowledged.Add(MicrosSince(begin));
          state[i] = 2;
          ++done;
        } else {
          ++refusals;
          state[i] = 0;
        }
      });
    }
    Wait(kBetweenTries);
  }
  // The callbacks must not outlive what they write to.
  while (done < requests.size()) Wait(kBetweenTries);
  return json::Value(json::Object{{"lanes", acknowledged.Summary()}, {"tries", refusals.load()}});
}

}  // namespace agentflow::bench
