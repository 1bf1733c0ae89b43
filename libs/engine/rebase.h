#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/engine/event.h"
#include "libs/engine/state.h"

// Executions that go on from the middle of another one, or with another plan. Pure functions over
// histories and states; the commands StartForked and MigrateExecution carry out what they give.
namespace agentflow::engine {

// Where an execution can be forked: after that event.
struct Checkpoint {
  uint64_t sequence = 0;
  UnixMicros time = 0;
  std::string step;  // key of the step that had ended; empty: the execution itself
  std::string what;  // type of the event

  bool operator==(const Checkpoint&) const = default;
};

// The hash of the plan that a whole journal needs, by its last rebase or its start; empty where it
// has neither.
std::string PlanHashOf(std::span<const Event> events);

// In the order of the journal: the start, and every end of a step after which the execution went
// on. There is none while anything is being undone. `plan` is that of PlanHashOf(events); what
// was decided with another plan has no checkpoints.
std::vector<Checkpoint> Checkpoints(PlanPtr plan, std::span<const Event> events);

struct ForkRequest {
  // The new execution, with its input, which may differ, and its origin. A fork does not undo what
  // the execution it comes from did; a retry, which takes its place, does.
  std::shared_ptr<const StartInfo> info;
  // By step key: of steps that had completed, another output; of steps that had not ended, the
  // output that they complete with.
  std::map<std::string, json::Value> outputs;
  size_t value_bytes = 256 * 1024;  // one output
};

// The state in which a new execution begins: as it was at the checkpoint, with every open step
// about to begin again from its first attempt. A container goes on with its open rounds, but a
// flow.critical begins anew, since it has to ask for its key.
// Errors: CHECKPOINT_UNKNOWN, STEP_UNKNOWN, STEP_NOT_COMPLETED, VALUE_TOO_LARGE.
absl::StatusOr<ExecutionState> Fork(PlanPtr plan, std::span<const Event> events, uint64_t sequence,
                                    const ForkRequest& request);

// The checkpoint to retry an execution from: the last one before the failure that ended it, or
// before its timeout or cancellation; before everything that was undone.
// Errors: EXECUTION_NOT_FAILED where it runs or has completed; CHECKPOINT_UNKNOWN where what has to
// run again lies before its start or its last migration.
absl::StatusOr<uint64_t> RetryPoint(PlanPtr plan, std::span<const Event> events);

struct MigrationResult {
  ExecutionState state;               // with the new plan
  uint32_t kept = 0;                  // steps that have begun or ended and have a place
  std::vector<std::string> dropped;   // keys of ended steps that have none
  std::vector<std::string> added;     // paths of nodes that were not there
  std::vector<std::string> problems;  // what to look at before doing it
  // Attempts that were handed out under a name that is another one now.
  std::vector<std::pair<std::string, uint32_t>> renamed;
};

// The execution with another plan: nodes are the same that have the same path, or the one that
// `mapping` (old path -> new path) says; what is inside a container follows it. Joins are counted
// again by the names of ports, and what they then let through runs.
// Errors: EXECUTION_UNKNOWN, EXECUTION_OVER; MIGRATION_UNDOING while anything is being undone;
// MIGRATION_MAPPING_INVALID; MIGRATION_LOSES_STEP where a step that has begun and not ended has no
// place, or one of another kind.
absl::StatusOr<MigrationResult> Migrate(const ExecutionState& state, PlanPtr plan,
                                        const std::map<std::string, std::string>& mapping);

}  // namespace agentflow::engine
