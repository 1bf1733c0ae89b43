#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/engine/engine.h"

// What is decided when the engine is given again what a journal has recorded: its start, results,
// timers, signals and approvals, each when it asks for it. Nothing goes outside. With the plan that
// wrote the journal it shows that this engine decides as the one that wrote it; with another plan,
// what that would have done with this run.
namespace agentflow::engine {

struct Divergence {
  uint64_t sequence = 0;  // of the recorded decision; 0: the journal had ended
  std::string step;       // key of what was decided about; empty: the execution
  std::string node;       // its path
  std::string expected;   // recorded; empty: nothing any more
  std::string found;      // empty: nothing
};

struct ReplayReport {
  // The first decision that was another one; nullopt: all are the same. From there on the replay
  // goes on with what is recorded for the steps that ask, by key and attempt.
  std::optional<Divergence> divergence;
  uint32_t same = 0;                      // decisions before it
  ExecutionState state;                   // where it ended
  std::vector<std::string> not_recorded;  // keys of steps that wait for what nobody has recorded
  std::vector<std::string> not_used;      // recorded, and nothing asked for it
};

// What is replayed.
struct ReplayTarget {
  PlanPtr plan;  // may be the one that wrote the journal
  int32_t version = 0;
  std::optional<json::Value> input;  // in place of the recorded one: with the version's defaults
};

// `recorded` is the plan of PlanHashOf(journal); a replay begins where that plan does: at the
// start, or at the last fork or migration. `limits` are those with which the journal was written.
// Errors: EXECUTION_UNKNOWN where the journal is empty or has no start, those of Migrate where it
// begins in the middle and the plan has no place for what was done before, and those of
// StartExecution where it cannot start with its input.
absl::StatusOr<ReplayReport> ReplayDecisions(PlanPtr recorded, std::span<const Event> journal,
                                             const ReplayTarget& target,
                                             const Limits& limits = {});

}  // namespace agentflow::engine
