#pragma once

#include <memory>
#include <string>

#include "libs/engine/state.h"

namespace agentflow::executor {

// An execution as it is answered: a light copy that shares its values with the state.
struct ExecutionView {
  std::shared_ptr<const engine::StartInfo> start;
  engine::Phase phase = engine::Phase::kNone;
  json::Value output;
  engine::Error error;
  UnixMicros start_time = 0;
  UnixMicros end_time = 0;  // 0: not over
  int16_t retention_days = 0;
};

inline ExecutionView ViewOf(const engine::ExecutionState& state, int16_t retention_days) {
  return {.start = state.start,
          .phase = engine::PhaseOf(state),
          .output = state.output,
          .error = state.error,
          .start_time = state.started_at,
          .end_time = state.ended_at,
          .retention_days = retention_days};
}

}  // namespace agentflow::executor
