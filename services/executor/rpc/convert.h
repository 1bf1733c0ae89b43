#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agentflow/api/v1/execution.pb.h"
#include "libs/engine/engine.h"
#include "services/executor/lanes/execution_view.h"
#include "services/executor/reads/execution_reader.h"

// Executions, steps and events as the public API shows them.
namespace agentflow::executor {

namespace api = agentflow::api::v1;

void ToProto(const ExecutionView& view, api::Execution* out);
void ToProto(const ExecutionSummary& summary, api::Execution* out);
void ToProto(const engine::ExecutionState& state, engine::StepRef ref, api::Step* out);
// `state` must know every step that the event names: the state after it, or a later one.
void ToProto(const engine::ExecutionState& state, const engine::Event& event,
             api::ExecutionEvent* out);

// "executions/{id}" -> id. INVALID_ARGUMENT, reason NAME_INVALID, names `field`.
absl::StatusOr<Uuid> ParseExecutionName(const std::string& name, std::string_view field);
std::string ExecutionName(const Uuid& id);
std::string ApprovalName(const Uuid& id);
void SetError(const engine::Error& error, api::ExecutionError* out);
void Set(UnixMicros time, google::protobuf::Timestamp* out);

// Sorted pairs as a JSON object; empty for none. And back.
std::string LabelsText(const std::vector<std::pair<std::string, std::string>>& labels);

}  // namespace agentflow::executor
