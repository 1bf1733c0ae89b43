#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agentflow::coordinator {

// One attempt of one task. The tenant is the worker's own, or for a shared worker that of the task
// that it was handed.
struct AttemptId {
  std::string tenant;
  std::string execution_id;  // UUID
  std::string step;          // "jury", "outer.inner#2.5"
  int attempt = 0;

  auto operator<=>(const AttemptId&) const = default;
};

// What workers call a task: "<execution>/<step>", the same for every attempt.
std::string TaskId(const AttemptId& id);
// The same for workers that serve every tenant: "<tenant>/<execution>/<step>".
std::string SharedTaskId(const AttemptId& id);
std::optional<AttemptId> ParseSharedTaskId(std::string_view task_id, int attempt);
// Nullopt for a text that TaskId never gives.
std::optional<AttemptId> ParseTaskId(std::string_view tenant, std::string_view task_id,
                                     int attempt);
// Of the execution's id; see libs/base/lane.h. REQUIRES: id came from ParseTaskId or a queue.
int LaneOf(const AttemptId& id);

// Where a task lies in a queue.
struct QueueEntry {
  std::string stream;  // empty: nowhere
  std::string id;

  auto operator<=>(const QueueEntry&) const = default;
};

// A word to the lane that an attempt is in hand here. Later ones have higher numbers.
struct Claim {
  AttemptId id;
  int64_t number = 0;

  bool operator==(const Claim&) const = default;
};

struct Task {
  AttemptId id;
  std::string agent;
  std::string input_json;
  std::string workflow;
  std::string idempotency_key;
  int64_t deadline_ms = 0;  // Unix time; 0: none
  std::string traceparent;
  std::string token;
  std::string mode;
  int64_t heartbeat_ms = 0;  // silence of its handler after which it has failed; 0: any
  QueueEntry entry;
};

// How an attempt ended.
struct Outcome {
  bool failed = false;
  std::string output_json;
  std::string reason;
  std::string message;
  bool retryable = false;
};

struct Result {
  AttemptId id;
  std::string token;
  Outcome outcome;
};

}  // namespace agentflow::coordinator
