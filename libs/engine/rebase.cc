#include "libs/engine/rebase.h"

#include <algorithm>
#include <optional>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/derived.h"
#include "libs/engine/transition.h"

// Forks and retries.
namespace agentflow::engine {

using workflow::kNone;
using workflow::kNoPort;
using workflow::NodeKind;

namespace {

// Signals that were there before the fork; above every sequence of the new journal.
constexpr uint64_t kEarlierSignals = uint64_t{1} << 62;

bool IsUnhandled(const ExecutionState& state, const StepFailed& failed) {
  const workflow::Policy& policy = state.plan->nodes[failed.step.node].policy;
  return failed.port == kNoPort && policy.on_error != workflow::OnError::kContinue;
}

// The step whose end makes a checkpoint; nullopt where the event makes none.
std::optional<std::string> CheckpointStep(const ExecutionState& state, const Event& event) {
  if (std::holds_alternative<ExecutionStarted>(event.body) ||
      std::holds_alternative<HoldLifted>(event.body) ||
      std::holds_alternative<ExecutionRebased>(event.body)) {
    return "";
  }
  if (const auto* completed = std::get_if<StepCompleted>(&event.body)) {
    const workflow::Node& node = state.plan->nodes[completed->step.node];
    // What ends its scope goes on with that end.
    if (node.kind == NodeKind::kEnd || node.compensation) return std::nullopt;
    return StepKey(state, completed->step);
  }
  const auto* failed = std::get_if<StepFailed>(&event.body);
  if (!failed || IsUnhandled(state, *failed)) return std::nullopt;
  return StepKey(state, failed->step);
}

bool CanFork(const ExecutionState& state) {
  return state.phase == Phase::kRunning && state.unwindings.empty();
}

// The events from the last one on that put a state of that plan into the journal.
std::span<const Event> OfPlan(const PlanPtr& plan, std::span<const Event> events) {
  for (size_t i = events.size(); i > 0; --i) {
    const auto* rebased = std::get_if<ExecutionRebased>(&events[i - 1].body);
    if (rebased && rebased->plan_hash == plan->hash) return events.subspan(i - 1);
  }
  return events;
}

// Makes open steps begin again.
class Forking {
 public:
  Forking(const ExecutionState& at, const ForkRequest& request) : fork_(at) {
    fork_.start = request.info;
    fork_.paused = false;
    fork_.resumed_at = 0;
    fork_.deadline = 0;
    fork_.waits.clear();
    fork_.listeners.clear();
    fork_.conditions.clear();
    KeepSignals();
    KeepUndoable(request.info->origin.kind == Origin::Kind::kRetry);
    std::vector<StepRef> turns(at.agenda.begin() + static_cast<ptrdiff_t>(at.agenda_head),
                               at.agenda.end());
    turns.insert(turns.end(), at.parked.begin() + static_cast<ptrdiff_t>(at.parked_head),
                 at.parked.end());
    fork_.agenda.clear();
    fork_.parked.clear();
    fork_.agenda_head = fork_.parked_head = 0;
    BeginAgain(0);
    for (StepRef ref : turns) {
      bool left = fork_.step(ref).state != StepState::kPending || began_again_.contains(ref);
      bool turn = fork_.containers.contains(ref) && fork_.containers.at(ref).turn;
      if ((!left || turn) && fork_.IsLive(ref)) AddTurn(fork_, ref);
    }
  }

  ExecutionState Take() { return std::move(fork_); }

 private:
  void KeepSignals() {
    uint64_t number = kEarlierSignals;
    for (Signal& signal : fork_.signals) signal.sequence = number++;
  }

  // Before everything that completes from now on.
  void KeepUndoable(bool keep) {
    if (!keep) return fork_.undoable.clear();
    std::vector<std::pair<int64_t, StepRef>> order;
    for (const auto& [ref, completed] : fork_.undoable) order.emplace_back(completed, ref);
    std::sort(order.begin(), order.end());
    auto place = -static_cast<int64_t>(order.size());
    for (const auto& [completed, ref] : order) fork_.undoable[ref] = place++;
  }

  void BeginAgain(ActivationIndex index) {
    const workflow::Scope& scope = fork_.plan->scopes[fork_.activations[index].scope];
    for (uint32_t i = 0; i < scope.node_count; ++i) {
      StepRef ref{index, scope.first_node + i};
      StepState state = fork_.step(ref).state;
      if (state == StepState::kPending || IsOver(state)) continue;
      bool goes_on =
          fork_.containers.contains(ref) && fork_.plan->nodes[ref.node].kind != NodeKind::kCritical;
      if (goes_on) {
        ForEachBody(ref, [this](ActivationIndex body) { BeginAgain(body); });
      } else {
        Reset(ref);
      }
    }
  }

  template <typename Visit>
  void ForEachBody(StepRef container, Visit visit) {
    auto child = fork_.children.lower_bound({container, 0});
    for (; child != fork_.children.end() && child->first.first == container; ++child) {
      if (fork_.activations[child->second].open) visit(child->second);
    }
  }

  void Reset(StepRef ref) {
    bool container = fork_.plan->nodes[ref.node].body != kNone;
    if (container) ForEachBody(ref, [this](ActivationIndex body) { Close(body); });
    fork_.containers.erase(ref);
    Step& step = fork_.step(ref);
    Step again;
    again.readiness = Readiness::kRun;
    again.taken = step.taken;
    again.dead = step.dead;
    again.place = step.place;
    // The next run of a container has other keys than the one that is given up.
    if (container) again.attempt = again.forgiven = step.attempt;
    step = std::move(again);
    began_again_.insert(ref);
    AddTurn(fork_, ref);
  }

  void Close(ActivationIndex index) {
    fork_.activations[index].open = false;
    const workflow::Scope& scope = fork_.plan->scopes[fork_.activations[index].scope];
    for (uint32_t i = 0; i < scope.node_count; ++i) {
      StepRef ref{index, scope.first_node + i};
      StepState state = fork_.step(ref).state;
      if (state == StepState::kPending || IsOver(state)) continue;
      ForEachBody(ref, [this](ActivationIndex body) { Close(body); });
      fork_.containers.erase(ref);
      fork_.step(ref).state = StepState::kCanceled;
      fork_.step(ref).held = false;
    }
  }

  ExecutionState fork_;
  std::set<StepRef> began_again_;
};

absl::Status SetOutput(ExecutionState& fork, const std::string& key, const json::Value& output,
                       size_t value_bytes) {
  const ErrorMetadata field{{kErrorField, "outputs." + key}};
  const absl::StatusOr<StepRef> found = FindStep(fork, key);
  if (!found.ok()) {
    return agentflow::Error(found.status().code(), ReasonOf(found.status()),
                            MessageOf(found.status()), field);
  }
  const StepRef ref = *found;
  if (output.ByteSize() > value_bytes) {
    return InvalidArgument("VALUE_TOO_LARGE", "outputs." + key,
                           "The output of " + key + " has " + std::to_string(output.ByteSize()) +
                               " bytes, more than " + std::to_string(value_bytes) +
                               "; pass large content by reference (POST /v1/payloads).");
  }
  Step& step = fork.step(ref);
  if (step.state == StepState::kCompleted) {
    step.output = output;
    return absl::OkStatus();
  }
  bool open =
      step.state == StepState::kPending && fork.IsLive(ref) && step.readiness == Readiness::kRun;
  if (!open) {
    return agentflow::Error(absl::StatusCode::kFailedPrecondition, "STEP_NOT_COMPLETED",
                            "The step " + key +
                                " had not completed at the checkpoint and was not about to run; "
                                "give outputs of steps that had, or that were.",
                            field);
  }
  Event event{fork.sequence + 1, fork.updated_at,
              StepCompleted{ref, step.attempt + 1, 0, output, 0}};
  Apply(fork, event);
  return absl::OkStatus();
}

}  // namespace

std::string PlanHashOf(std::span<const Event> events) {
  for (size_t i = events.size(); i > 0; --i) {
    const EventBody& body = events[i - 1].body;
    if (const auto* rebased = std::get_if<ExecutionRebased>(&body)) return rebased->plan_hash;
    if (const auto* started = std::get_if<ExecutionStarted>(&body)) {
      return started->info->plan_hash;
    }
  }
  return "";
}

std::vector<Checkpoint> Checkpoints(PlanPtr plan, std::span<const Event> events) {
  std::vector<Checkpoint> found;
  ExecutionState state;
  state.plan = plan;
  for (const Event& event : OfPlan(plan, events)) {
    Apply(state, event);
    if (!CanFork(state)) continue;
    auto step = CheckpointStep(state, event);
    if (step) {
      found.push_back({event.sequence, event.time, *std::move(step), std::string(TypeName(event))});
    }
  }
  return found;
}

absl::StatusOr<ExecutionState> Fork(PlanPtr plan, std::span<const Event> events, uint64_t sequence,
                                    const ForkRequest& request) {
  ExecutionState at;
  at.plan = plan;
  bool known = false;
  for (const Event& event : OfPlan(plan, events)) {
    if (event.sequence > sequence) break;
    Apply(at, event);
    known = event.sequence == sequence && CanFork(at) && CheckpointStep(at, event);
  }
  if (!known) {
    return agentflow::Error(absl::StatusCode::kNotFound, "CHECKPOINT_UNKNOWN",
                            "The execution has no checkpoint " + std::to_string(sequence) +
                                "; take one of its list of checkpoints.",
                            {{kErrorField, "checkpoint"}});
  }
  ExecutionState fork = Forking(at, request).Take();
  // Counters and indexes follow from the steps.
  AF_ASSIGN_OR_RETURN(StartInfo info, absl::StatusOr<StartInfo>(*request.info));
  info.plan_hash = plan->hash;
  fork.start = std::make_shared<const StartInfo>(std::move(info));
  AF_ASSIGN_OR_RETURN(fork, DecodeState(plan, EncodeState(fork)));
  for (const auto& [key, output] : request.outputs) {
    AF_RETURN_IF_ERROR(SetOutput(fork, key, output, request.value_bytes));
  }
  return fork;
}

absl::StatusOr<uint64_t> RetryPoint(PlanPtr plan, std::span<const Event> events) {
  ExecutionState state;
  state.plan = plan;
  std::map<ActivationIndex, uint64_t> failed;  // where the failure began that ends an activation
  std::map<StepRef, uint64_t> completed;
  std::vector<uint64_t> checkpoints;
  uint64_t point = 0;    // the first event that must not have happened
  uint64_t unwound = 0;  // began to undo everything
  uint64_t undone = UINT64_MAX;
  for (const Event& event : OfPlan(plan, events)) {
    Apply(state, event);
    if (CanFork(state) && CheckpointStep(state, event)) checkpoints.push_back(event.sequence);
    if (const auto* e = std::get_if<StepCompleted>(&event.body)) {
      completed[e->step] = event.sequence;
    } else if (const auto* e = std::get_if<StepCompensated>(&event.body)) {
      undone = std::min(undone, completed[e->step]);
    } else if (const auto* e = std::get_if<UnwindingStarted>(&event.body)) {
      if (e->target == StepRef{0, kNone}) unwound = event.sequence;
    } else if (const auto* e = std::get_if<StepFailed>(&event.body); e && IsUnhandled(state, *e)) {
      // A container fails by the last of its rounds that did.
      uint64_t first = event.sequence;
      auto child = state.children.lower_bound({e->step, 0});
      for (; child != state.children.end() && child->first.first == e->step; ++child) {
        auto body = failed.find(child->second);
        if (body != failed.end()) first = body->second;
      }
      failed[e->step.activation] = first;
    }
    if (state.over()) point = event.sequence;
  }
  if (state.phase != Phase::kFailed && state.phase != Phase::kTimedOut &&
      state.phase != Phase::kCanceled) {
    return FailedPrecondition("EXECUTION_NOT_FAILED",
                              "The execution is " + std::string(Name(PhaseOf(state))) +
                                  "; only one that failed, timed out or was cancelled is retried.");
  }
  if (unwound != 0) point = unwound;
  bool by_failure = state.phase == Phase::kFailed && failed.contains(0);
  if (by_failure) point = std::min(point, failed[0]);
  point = std::min(point, undone);
  auto after = std::lower_bound(checkpoints.begin(), checkpoints.end(), point);
  if (after == checkpoints.begin()) {
    return FailedPrecondition(
        "CHECKPOINT_UNKNOWN",
        "Nothing can be retried: what would have to run again lies before the "
        "execution began, or before its last migration. Start a new one.");
  }
  return *(after - 1);
}

absl::Status Transition::Handle(const StartForked& start) {
  if (start.fork->plan->hash != start.plan->hash) {
    return FailedPrecondition("PLAN_MISMATCH", "The fork belongs to plan " +
                                                   start.fork->plan->hash + ", not to " +
                                                   start.plan->hash + ".");
  }
  AF_RETURN_IF_ERROR(Handle(StartExecution{start.plan, start.info}));
  ExecutionState forked = *start.fork;
  forked.start = state_.start;
  forked.phase = state_.phase;
  forked.holds = state_.holds;
  forked.started_at = state_.started_at;
  forked.deadline = state_.deadline;
  forked.max_in_flight = state_.max_in_flight;
  bool retry = start.info->origin.kind == Origin::Kind::kRetry;
  Emit(ExecutionRebased{retry ? ExecutionRebased::Kind::kRetry : ExecutionRebased::Kind::kFork,
                        start.plan->hash, EncodeState(forked), start.info->origin.execution,
                        start.info->origin.sequence});
  if (state_.phase == Phase::kRunning) FinishSettledScopes();
  return absl::OkStatus();
}

absl::Status Transition::Handle(const MigrateExecution& migrate) {
  AF_RETURN_IF_ERROR(CheckOpen());
  AF_ASSIGN_OR_RETURN(MigrationResult result, Migrate(state_, migrate.plan, migrate.mapping));
  if (migrate.version != 0) {
    auto info = std::make_shared<StartInfo>(*result.state.start);
    info->version = migrate.version;
    result.state.start = std::move(info);
  }
  state_.plan = migrate.plan;
  uint64_t cause = Emit(ExecutionRebased{ExecutionRebased::Kind::kMigrate, migrate.plan->hash,
                                         EncodeState(result.state), "", 0});
  ReloadExecution reload;
  for (const auto& [step, attempt] : result.renamed) reload.dropped.push_back({step, attempt});
  Act(cause, std::move(reload));
  if (state_.phase == Phase::kRunning) FinishSettledScopes();
  return absl::OkStatus();
}

// As after a takeover: who holds a task says so again, since claims are not in a snapshot.
absl::Status Transition::Handle(const RehomeExecution&) {
  AF_RETURN_IF_ERROR(CheckOpen());
  const uint64_t cause = Emit(ExecutionRebased{ExecutionRebased::Kind::kRehome, state_.plan->hash,
                                               EncodeState(state_), "", 0});
  Act(cause, ReloadExecution{});
  return absl::OkStatus();
}

void Transition::FinishSettledScopes() {
  for (size_t left = state_.activations.size(); left > 0 && !state_.over(); --left) {
    FinishScopeIfSettled(static_cast<ActivationIndex>(left - 1));
  }
}

}  // namespace agentflow::engine
