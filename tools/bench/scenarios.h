#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/json/value.h"
#include "tools/bench/target.h"

// What is measured; each gives one JSON object of figures.
namespace agentflow::bench {

// Keeps `in_flight` executions going for `seconds` after a warm-up: workflows completed a second.
absl::StatusOr<json::Value> Throughput(const StackFiles& files, bool direct,
                                       const std::string& workflow, int in_flight,
                                       double seconds);

// Starts `rate` executions a second, whether or not earlier ones were acknowledged: time from the
// moment a start was due to its acknowledgement.
absl::StatusOr<json::Value> StartLatency(const StackFiles& files, bool direct,
                                         const std::string& workflow, double rate, double seconds);

// GETs of one execution and of lists in turn at `rate` a second, from when each was due.
absl::StatusOr<json::Value> RestLatency(const StackFiles& files, const std::string& workflow,
                                        double rate, double seconds);

// Serves the agent `bench` through the gateway until SIGTERM: echoes its input.
absl::Status ServeWorker(const StackFiles& files, int capacity);

}  // namespace agentflow::bench
