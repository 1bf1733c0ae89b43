#pragma once

#include <cstdint>
#include <string_view>

#include "libs/base/random.h"
#include "libs/base/uuid.h"

// Which shard an execution belongs to. The executor, and everybody who sends it something
// (gateway, coordinator, scheduler), must agree on these functions for ever: ids are stored.
namespace agentflow {

inline constexpr int kLaneCount = 256;

// The lane of an execution: the last byte of its id. In [0, kLaneCount).
inline int LaneOf(const Uuid& execution_id) {
  return execution_id.bytes()[15];
}

// The id of the execution that a request id stands for: UUIDv5 of the tenant's slug and the
// request id. Whoever sends the same request again reaches the same lane and the same execution.
Uuid ExecutionIdForRequest(std::string_view tenant, std::string_view request_id);

// A new id (UUIDv7) that belongs to `lane`.
Uuid MakeExecutionId(int64_t unix_ms, int lane, Random& random);

}  // namespace agentflow
