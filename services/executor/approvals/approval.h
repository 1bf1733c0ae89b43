#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/auth/principal.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"

// What a step asks people, as it is shown to them. The step itself knows whether it was decided;
// these rows are written in the same commit.
namespace agentflow::executor {

// As in the public API; the numbers are stored.
enum class ApprovalState : int16_t { kOpen = 1, kApproved = 2, kRejected = 3, kClosed = 4 };

struct Approval {
  Uuid id;
  ApprovalState state = ApprovalState::kOpen;
  Uuid execution;
  std::string step;      // key
  std::string workflow;  // workflows/{id}
  std::string title;
  std::string description;
  std::vector<std::string> approvers;  // "role:x", "user:y", "group:z"; empty: anybody
  std::string form;                    // JSON Schema; empty: none
  UnixMicros create_time = 0;
  UnixMicros expire_time = 0;  // 0: never
  // Once it is not open.
  UnixMicros end_time = 0;
  std::string decider;
  std::string comment;
  std::string values;  // JSON; empty: none
};

// The id of what a step asks: the same whenever it is made again, and in its execution's lane.
Uuid ApprovalIdOf(const Uuid& execution, std::string_view step);

// The entries of `approvers` that mean this principal.
std::vector<std::string> ApproverNamesOf(const auth::Principal& principal);
// Whether the principal is one of `approvers`.
bool MayDecide(const std::vector<std::string>& approvers, const auth::Principal& principal);

}  // namespace agentflow::executor
