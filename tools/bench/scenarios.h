#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/json/value.h"
#include "tools/bench/target.h"

// What is measured; each gives one JSON object of figures.
namespace agentflow::bench {

// How a scenario is to be run; each reads what it needs.
struct Scenario {
  StackFiles files;
  bool direct = false;  // straight at the executor, not through the gateway
  std::string workflow;
  double rate = 200;       // calls a second
  double load = 0;         // starts a second beside them
  double seconds = 5;
  int in_flight = 256;
  int count = 10'000;
  int process = 0;         // whose memory is looked at
  std::string input;       // JSON; empty: a small object
};

// throughput.cc. Keeps `in_flight` executions going for `seconds` after a warm-up: workflows
// completed a second, and how many were in all.
absl::StatusOr<json::Value> Throughput(const Scenario& scenario);
// The same with a worker of its own, no feed: unary calls in a closed loop. For the floor.
absl::StatusOr<json::Value> Calls(const Scenario& scenario);

// latency.cc. Starts `rate` executions a second, whether or not earlier ones were acknowledged:
// time from the moment a start was due to its acknowledgement.
absl::StatusOr<json::Value> StartLatency(const Scenario& scenario);
// The same until the first task is at a worker, which is connected in this process and serves the
// agent `bench-first`.
absl::StatusOr<json::Value> FirstTask(const Scenario& scenario);
// GETs of one execution and of lists in turn at `rate` a second, from when each was due, beside
// `load` starts a second.
absl::StatusOr<json::Value> RestLatency(const Scenario& scenario);

// expressions.cc. At `rate` a second in turn: an expression is checked in a draft, with completions
// and key by key as it is typed, and one is evaluated as a step of an execution saw it.
absl::StatusOr<json::Value> ExpressionLatency(const Scenario& scenario);

// single.cc. One execution from its start to its end.
absl::StatusOr<json::Value> Once(const Scenario& scenario);
// One start in each of the lanes, repeated until it is acknowledged: when the last one was.
absl::StatusOr<json::Value> EveryLane(const Scenario& scenario);

// waiting.cc. Starts `count` executions that wait for the signal `go`, looks at the memory of
// `process`, then signals all, `in_flight` calls at a time: from each signal to its execution's
// end.
absl::StatusOr<json::Value> Waiting(const Scenario& scenario);

// Serves the agent `bench` through the gateway until SIGTERM: echoes its input.
absl::Status ServeWorker(const StackFiles& files, int capacity);

}  // namespace agentflow::bench
