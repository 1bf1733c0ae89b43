#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/engine/event.h"
#include "libs/engine/state.h"

// Bytes of events and snapshots. Compact, versioned, readable for ever: every field has a tag,
// unknown fields are skipped, absent ones have their default. The tables of tags in codec.cc
// are append-only.
namespace agentflow::engine {

// Appends one event to a journal record; a record is any number of events.
void EncodeEvent(const Event& event, std::string* record);
std::string EncodeEvents(std::span<const Event> events);
// Errors: DATA_LOSS with reason RECORD_CORRUPT; UNIMPLEMENTED with reason EVENT_UNKNOWN where a
// newer build wrote it.
absl::StatusOr<std::vector<Event>> DecodeEvents(std::string_view record);

// The whole state without its plan and its volatile fields.
std::string EncodeState(const ExecutionState& state);
// `plan` is the one named by the snapshot's plan hash. Errors: as above, reason SNAPSHOT_CORRUPT;
// PLAN_MISMATCH where the hash differs.
absl::StatusOr<ExecutionState> DecodeState(PlanPtr plan, std::string_view bytes);
// The hash of the plan that a snapshot, or the first record of a journal, needs.
absl::StatusOr<std::string> PlanHashOfSnapshot(std::string_view bytes);

// One JSON value, exactly: unlike text it keeps 1 and 1.0 apart.
void EncodeValue(const json::Value& value, std::string* bytes);
absl::StatusOr<json::Value> DecodeValue(std::string_view bytes);

}  // namespace agentflow::engine
