#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/obs/metrics.h"
#include "libs/redis/client.h"
#include "libs/redis/streams.h"
#include "services/coordinator/tasks/hub.h"
#include "services/coordinator/tasks/shared_turns.h"

namespace agentflow::coordinator {

// Reads task queues in Redis for as long as somebody has a place free. One stream per tenant,
// agent and priority; the agents take turns, and within one the lower priority number comes first.
//
// An entry is deleted once the lane has spoken about its attempt: from then on only the lane
// decides. What was read and never came to that, since a coordinator died or gave it up, is taken
// over after `orphan_ms`.
class Fetcher {
 public:
  struct Options {
    redis::Options redis;
    // Name within the consumer group; this process.
    std::string consumer;
    int block_ms = 1000;
    int64_t orphan_ms = 5000;
    int most_per_read = 256;
  };

  // `weight` of a tenant, for workers that serve every tenant.
  Fetcher(Hub& hub, const Clock& clock, Options options, obs::Registry& metrics,
          std::function<int64_t(const std::string& tenant)> weight);
  ~Fetcher();

  void Start();
  // Ends the thread after its current round.
  void Stop();
  // One round without waiting: how many tasks were handed out. For tests; not while started.
  absl::StatusOr<int> Step();

 private:
  void Loop();
  absl::StatusOr<int> FetchFor(const Demand& demand);
  // For any tenant, in turns.
  absl::StatusOr<int> FetchShared(const Demand& demand);
  // The demand of each tenant that has tasks of the agent.
  absl::StatusOr<std::vector<Demand>> WhoHasTasks(const Demand& shared);
  // The same of everybody who ever had some, as the executors say.
  absl::StatusOr<std::vector<Demand>> WhoMayHaveTasks(const Demand& shared);
  absl::StatusOr<int> TakeOver(const Demand& demand);
  // Waits in Redis until an entry for one of these agents, or a wake-up, comes.
  absl::Status Wait(const std::vector<Demand>& wanted);
  // Queues the deletion of what the lanes have spoken about.
  void DeleteSpent();
  absl::StatusOr<int> HandOut(const Demand& demand, std::vector<redis::StreamBatch> batches);
  void DemandGrew();

  Hub& hub_;
  const Clock& clock_;
  const Options options_;
  const std::string wake_stream_;
  SharedTurns turns_;
  redis::Client redis_;
  redis::Client waker_;
  obs::Counter fetched_;
  obs::Counter returned_;
  int64_t last_take_over_ms_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool grew_ = false;
  bool blocked_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::thread wake_thread_;
};

// "af:agents:{<agent>}": the tenants that have had tasks of the agent.
std::string TenantsKey(std::string_view agent);

// "af:tasks:{<tenant>:<agent>}:<priority>"
std::string TaskStream(std::string_view tenant, std::string_view agent, int priority);

}  // namespace agentflow::coordinator
