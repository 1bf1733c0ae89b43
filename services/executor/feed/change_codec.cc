#include "services/executor/feed/change.h"

#include "agentflow/internal/executor/v1/feed.pb.h"
#include "libs/engine/engine.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

void Fill(const engine::ExecutionState& state, engine::StepRef ref, const ChangedStep& changed,
          pb::StepChange* out) {
  const engine::StepView view = engine::View(state, ref);
  out->set_node(std::string(view.node));
  out->set_iteration(view.iteration);
  out->set_type(std::string(view.type));
  out->set_state_before(std::string(engine::Name(changed.before)));
  out->set_state(std::string(engine::Name(changed.after)));
  out->set_attempt(static_cast<int32_t>(changed.attempt));
  out->set_start_time_ms(view.start_time / 1000);
  out->set_end_time_ms(view.end_time / 1000);
  if (view.step->error != nullptr) {
    out->set_error_reason(view.step->error->reason);
    out->set_error_message(view.step->error->message);
  }
}

}  // namespace

std::string EncodeChange(const engine::ExecutionState& state, engine::Phase before,
                         const ChangedSteps& steps) {
  pb::ExecutionChange change;
  const engine::StartInfo& start = *state.start;
  const engine::Phase phase = engine::PhaseOf(state);
  change.set_tenant(start.tenant);
  change.set_execution_id(start.id.ToString());
  change.set_workflow(start.workflow);
  change.set_version(start.version);
  change.set_mode(std::string(engine::Name(start.mode)));
  if (before != engine::Phase::kNone) change.set_state_before(std::string(engine::Name(before)));
  change.set_state(std::string(engine::Name(phase)));
  change.set_start_time_ms(state.started_at / 1000);
  change.set_end_time_ms(state.ended_at / 1000);
  change.set_error_reason(state.error.reason);
  change.set_error_message(state.error.message);
  change.set_error_node(state.error.node);
  if (phase == engine::Phase::kCompleted) change.set_output_json(json::Dump(state.output));
  for (const auto& [ref, changed] : steps) Fill(state, ref, changed, change.add_steps());
  for (const auto& [key, value] : start.labels) (*change.mutable_labels())[key] = value;
  change.set_business_key(start.business_key);
  change.set_last_sequence(static_cast<int64_t>(state.sequence));
  return change.SerializeAsString();
}

std::string EncodeSteps(const engine::ExecutionState& state, const ChangedSteps& steps) {
  pb::ExecutionChange change;
  for (const auto& [ref, changed] : steps) Fill(state, ref, changed, change.add_steps());
  return change.SerializeAsString();
}

void AppendToFeedBody(std::string_view change, std::string* body) {
  constexpr char kChangesTag = pb::FeedBatch::kChangesFieldNumber << 3 | 2;
  *body += kChangesTag;
  for (size_t length = change.size();; length >>= 7) {
    if (length < 0x80) {
      *body += static_cast<char>(length);
      break;
    }
    *body += static_cast<char>((length & 0x7f) | 0x80);
  }
  *body += change;
}

}  // namespace agentflow::executor
