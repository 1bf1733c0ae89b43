// Executions that are steps of others. A child lies in its parent's lane, so that its start and
// what the parent knows of it, and its end and what the parent makes of it, are one commit.
#include <optional>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "services/executor/lanes/live.h"

namespace agentflow::executor {
namespace {

// The same for the same attempt of the same step, so that asking twice cannot start two.
Uuid ChildIdOf(const Uuid& parent, const std::string& step, uint32_t attempt) {
  std::array<uint8_t, 16> bytes =
      Uuid::MakeNamed(parent, "child/" + step + "/" + std::to_string(attempt)).bytes();
  bytes[15] = parent.bytes()[15];
  return Uuid(bytes);
}

// The parent's step that waits for the child. A migration may have given it another name than the
// one under which the child was started.
std::optional<engine::StepRef> StepWaitingFor(const engine::ExecutionState& parent,
                                              const std::string& started_as, const Uuid& child) {
  absl::StatusOr<engine::StepRef> step = engine::FindStep(parent, started_as);
  if (step.ok()) {
    auto wait = parent.waits.find(*step);
    if (wait != parent.waits.end() && wait->second.child == child) return *step;
  }
  for (const auto& [other, wait] : parent.waits) {
    if (wait.child == child) return other;
  }
  return std::nullopt;
}

engine::ChildEnded Lost(engine::StepRef step, uint32_t attempt, const Uuid& child) {
  return {.step = step,
          .attempt = attempt,
          .child = child,
          .phase = engine::Phase::kFailed,
          .error = {"EXECUTION_REFUSED", "The database refused its start.", ""}};
}

}  // namespace

// After the commit that asked for it.
void Committer::RequestChild(const Uuid& execution, engine::StepRef step, uint32_t attempt) {
  auto it = live_.find(execution);
  if (it == live_.end() || !parts_.start_child) return;
  const engine::ExecutionState& state = it->second->state;
  auto wait = state.waits.find(step);
  if (wait == state.waits.end() || wait->second.what->kind != engine::WaitKind::kChild ||
      !wait->second.child.IsNil() || state.step(step).attempt != attempt) {
    return;
  }
  const engine::StartInfo& parent = *state.start;
  const engine::Wait& what = *wait->second.what;
  const std::string key = engine::StepKey(state, step);
  parts_.start_child({.child = ChildIdOf(execution, key, attempt),
                      .parent = {.execution = execution,
                                 .step = key,
                                 .attempt = attempt,
                                 .depth = parent.parent.depth + 1,
                                 .detached = what.detach},
                      .tenant = parent.tenant,
                      .principal = parent.principal,
                      .workflow = "workflows/" + what.name,
                      .version = what.version,
                      .input = what.input,
                      .mode = parent.mode,
                      .priority = parent.priority,
                      .trace_id = parent.trace_id});
}

bool Committer::RequestLateChildren() {
  bool moved = false;
  while (!late_children_.empty() && std::get<0>(*late_children_.begin()) <= monotonic_) {
    const auto [at, execution, step, attempt] = *late_children_.begin();
    late_children_.erase(late_children_.begin());
    moved = true;
    auto it = live_.find(execution);
    if (it == live_.end()) continue;
    absl::StatusOr<engine::StepRef> ref = engine::FindStep(it->second->state, step);
    if (ref.ok()) RequestChild(execution, *ref, attempt);
  }
  return moved;
}

void Committer::BeginChild(StartItem item) {
  const engine::Parent& parent = item.info->parent;
  const Uuid id = item.info->id;
  auto it = live_.find(parent.execution);
  absl::Status status = FailedPrecondition("EXECUTION_OVER", "The parent is over already.");
  absl::StatusOr<engine::StepRef> step = status;
  if (it != live_.end() && !live_.contains(id)) {
    step = engine::FindStep(it->second->state, parent.step);
    status = step.ok() ? Run(*it->second,
                             engine::ChildStarted{*step, parent.attempt, id, item.info->version})
                       : step.status();
  }
  if (!status.ok()) {
    // Nobody waits for it any more, or it is there.
    parts_.load.Release(item.info->tenant, PlaceOf(*item.info));
    return Reply(parent.execution, [done = std::move(item.done), status](const absl::Status& lost) {
      done(lost.ok() ? status : lost);
    });
  }
  if (absl::Status begun = TryBegin(item); !begun.ok()) {
    const engine::Error error{std::string(ReasonOf(begun)), std::string(MessageOf(begun)), ""};
    (void)Run(*it->second, engine::ChildRefused{*step, parent.attempt, error});
    return Reply(parent.execution, [done = std::move(item.done), begun](const absl::Status& lost) {
      done(lost.ok() ? begun : lost);
    });
  }
  // Not its request's hash, but what makes the journal of an id without a time be found.
  live_.at(id)->body_hash = "child";
  AnswerStart(std::move(item));
}

// Whether a child that is read back is still what its parent waits for. It is not where the parent
// was cancelled, or gave it up, while the child was not in memory.
bool Committer::Wanted(const engine::ExecutionState& child) const {
  auto it = live_.find(child.start->parent.execution);
  if (it == live_.end()) return false;
  return StepWaitingFor(it->second->state, child.start->parent.step, child.start->id).has_value();
}

// The database refused its start, but not that its parent has it: for the parent it has failed.
void Committer::MournChild(const Live& child) {
  const engine::Parent& parent = child.state.start->parent;
  if (parent.depth == 0 || parent.detached) return;
  consequences_.push_back({parent.execution, parent.step,
                           Lost({}, parent.attempt, child.facts->id)});
}

// The database refused what their parent did before they began: nobody knows of them, and a parent
// that goes on asks for them again.
void Committer::DropChildren(const Uuid& parent, std::set<Uuid>* dropped) {
  if (forming_ == nullptr) return;
  for (BatchEntry& entry : forming_->entries) {
    if (entry.dropped || entry.write->first_sequence != 1) continue;
    if (live_.at(entry.id)->state.start->parent.execution != parent) continue;
    dropped->insert(entry.id);
    Drop(entry.id);
    GiveBackUnknown(entry.id);
  }
}

// The same for a parent that is read back: whoever had it before could not tell it any more.
// REQUIRES: everything else of its lane is in memory, or in absent_.
void Committer::MournLostChild(const Live& parent, engine::StepRef step, uint32_t attempt) {
  const Uuid& child = parent.state.waits.at(step).child;
  if (live_.contains(child) || absent_.contains(child)) return;
  internal_.emplace_back(parent.facts->id, Lost(step, attempt, child));
}

// Tells another execution of the lane what a decision means for it.
void Committer::Follow(Consequence next) {
  auto it = live_.find(next.execution);
  if (it == live_.end() || Frozen(next.execution)) return;
  if (auto* ended = std::get_if<engine::ChildEnded>(&next.body)) {
    const auto step = StepWaitingFor(it->second->state, next.step, ended->child);
    if (!step) return;
    ended->step = *step;
  }
  // A parent that is over, or waits for another attempt, refuses; so does a child that is over.
  (void)Run(*it->second, std::move(next.body));
}

}  // namespace agentflow::executor
