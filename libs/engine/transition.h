#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/engine/engine.h"

// The inside of Advance: one command on one execution.
//   commands.cc    what may be asked, and every refusal
//   run_step.cc    a step's turn: the node kinds
//   waits.cc       signals, approvals and conditions
//   children.cc    flow.workflow
//   keys.cc        flow.critical, and what a QUEUED execution waits for
//   containers.cc  flow.map and flow.loop: activations of their bodies
//   end_step.cc    how steps, scopes and the execution end
//   control.cc     pause, resume, held steps, flow.end and flow.cancel
//   unwind.cc      compensation
//   rebase.cc      forks and migration
namespace agentflow::engine {

// A failed evaluation as a step's error.
Error ErrorOf(const absl::Status& status);

// When an unclaimed attempt has waited too long for a worker; 0: never, or not while paused.
UnixMicros StartDeadline(const ExecutionState& state, StepRef ref);

// Whether the execution's own timeout is on. Undoing takes the time it takes.
bool ExecutionTimerRuns(const ExecutionState& state);

// The offer of a step's current attempt.
OfferTask OfferOf(const ExecutionState& state, StepRef ref);

// Checks come first; from the first Emit on nothing can be refused any more.
class Transition {
 public:
  Transition(ExecutionState& state, const Command& command, const Limits& limits);

  absl::StatusOr<Decision> Run();

 private:
  using Actions = std::vector<ActionBody>;

  // What closing an activation takes back: its open steps as they were, and their actions.
  struct Closing {
    std::vector<std::pair<StepRef, StepState>> open;
    Actions actions;
  };

  // --- commands.cc
  // The same request, where it has counted already; null: not, or it has no id.
  const CommandId* Known(CommandId::Kind kind, const std::string& id) const;
  absl::Status Handle(const StartExecution& start);
  absl::Status Handle(const ClaimTask& claim);
  absl::Status Handle(const CompleteTask& result);
  absl::Status Handle(const FailTask& failure);
  absl::Status Handle(const LoseAttempt& lost);
  absl::Status Handle(const RunStep& run);
  absl::Status Handle(const FireTimer& fire);
  absl::Status Handle(const CancelExecution& cancel);
  absl::Status Handle(const Continue&);
  absl::Status Handle(const RehomeExecution&);
  absl::Status Handle(const SignalExecution& signal);
  absl::Status Handle(const DecideApproval& decision);
  absl::Status Handle(const ChildStarted& started);
  absl::Status Handle(const ChildRefused& refused);
  absl::Status Handle(const ChildEnded& ended);
  absl::Status Handle(const KeyGranted& granted);
  absl::Status Handle(const KeyRefused& refused);
  absl::Status Handle(const AdmitExecution&);
  // --- control.cc
  absl::Status Handle(const PauseExecution& pause);
  absl::Status Handle(const ResumeExecution& resume);
  // A pause is over: what was to be done meanwhile was refused to whoever asked for it.
  void OfferAgain(uint64_t cause);
  absl::Status CheckDecision(StepRef ref, const HeldDecision& decision) const;
  void DecideHeld(StepRef ref, const HeldDecision& decision);
  // Instead of failing: waits for a decision, and the execution with it.
  void HoldStep(StepRef ref, uint32_t attempt, Error error, bool cancel_task,
                std::optional<TimerKind> fired);
  // Timers that do not run while paused: of all unclaimed tasks but those of `collected`.
  void CollectStartTimers(Closing* collected) const;
  void ExecuteEnd(StepRef ref, const workflow::EndConfig& config);
  void ExecuteCancel(StepRef ref, const workflow::CancelConfig& config);
  // --- rebase.cc
  absl::Status Handle(const StartForked& start);
  absl::Status Handle(const MigrateExecution& migrate);
  void FinishSettledScopes();

  // --- commands.cc
  absl::Status FireStepTimer(const TimerId& id);
  absl::Status CheckAttempt(StepRef ref, uint32_t attempt, bool in_process) const;
  absl::Status CheckDue(UnixMicros fire_at) const;
  // That the execution is not over, and the step there and not over.
  absl::Status CheckOpen() const;
  absl::Status CheckOpen(StepRef ref) const;
  // The stricter of the platform's bound and the workflow's.
  uint32_t MaxInFlight(const workflow::Plan& plan) const;

  // --- advance.cc
  const workflow::Node& NodeOf(StepRef ref) const { return state_.plan->nodes[ref.node]; }
  // The step's current attempt, or the first of one that is about to begin.
  uint32_t Attempt(StepRef ref) const;
  std::string TooLarge(std::string_view what, const json::Value& value) const;
  bool Fits(const json::Value& value) const { return value.ByteSize() <= limits_.value_bytes; }
  // Records and applies an event; returns what its actions name as their cause.
  uint64_t Emit(EventBody body);
  void Act(uint64_t cause, ActionBody body);
  void ActAll(uint64_t cause, Actions actions);
  void RunAgenda();

  // --- run_step.cc
  void Begin(StepRef ref);
  // Past the gate of its policy.approval.
  void BeginNow(StepRef ref);
  void Execute(StepRef ref);
  void ExecuteTransform(StepRef ref, const workflow::TransformConfig& config);
  void ExecuteIf(StepRef ref, const workflow::IfConfig& config);
  void ExecuteSwitch(StepRef ref, const workflow::SwitchConfig& config);
  void ExecuteFail(StepRef ref, const workflow::FailConfig& config);
  void ExecuteWait(StepRef ref, const workflow::WaitConfig& config);
  void Choose(StepRef ref, PortIndex port);
  absl::StatusOr<UnixMicros> WakeTime(StepRef ref, const workflow::WaitConfig& config) const;
  void ScheduleTask(StepRef ref, const workflow::TaskConfig& config);
  absl::StatusOr<std::shared_ptr<const Offer>> MakeOffer(StepRef ref,
                                                         const workflow::TaskConfig& config) const;
  void OfferAttempt(StepRef ref, uint64_t cause);

  // --- waits.cc
  void ExecuteSignal(StepRef ref, const workflow::SignalConfig& config);
  void ExecuteApproval(StepRef ref, const workflow::ApprovalConfig& config);
  void ExecuteCondition(StepRef ref, const workflow::ConditionConfig& config);
  // Whether the step now waits at the gate of its policy.approval, or has failed there.
  bool StopAtGate(StepRef ref);
  absl::StatusOr<std::shared_ptr<const ApprovalRequest>> MakeRequest(
      StepRef ref, const workflow::ApprovalConfig& config) const;
  void OpenRequest(StepRef ref, const workflow::ApprovalConfig& config,
                   std::shared_ptr<const ApprovalRequest> request);
  void EndApproval(StepRef ref, bool approved, const DecideApproval& decision,
                   std::optional<TimerKind> fired = std::nullopt);
  void FireApprovalTimer(StepRef ref);
  bool Matches(StepRef ref, const json::Value& payload) const;
  // Ends the steps of flow.await whose condition holds by now; whether there was one.
  bool WakeConditions();
  bool ReadsWhatEnded(StepRef ref, size_t first_change) const;
  // What waits for nothing that could still come.
  bool FailStuckCondition();
  // WAITING for more than time, with its timers.
  uint64_t StartWait(StepRef ref, Wait wait, workflow::Micros timeout = 0);
  absl::StatusOr<std::string> TextOf(StepRef ref, const workflow::Template& value,
                                     std::string_view field, size_t most) const;

  // --- children.cc
  void ExecuteChild(StepRef ref, const workflow::ChildConfig& config);
  void RequestChild(StepRef ref, uint64_t cause);
  // The next attempt, now or at its time.
  void RequestChildAgain(StepRef ref, uint64_t cause);
  absl::Status CheckChild(StepRef ref, uint32_t attempt) const;

  // --- keys.cc
  absl::StatusOr<std::shared_ptr<const StartInfo>> WithConcurrency(
      const StartExecution& start) const;
  void ExecuteCritical(StepRef ref, const workflow::CriticalConfig& config);
  void LiftHold(Hold hold);
  void AskOwnKey(uint64_t cause);

  // --- containers.cc
  void StartMap(StepRef ref, const workflow::MapConfig& config);
  void StartTransaction(StepRef ref);
  void StartLoop(StepRef ref, const workflow::LoopConfig& config);
  // A container's turn: opens an activation, or completes.
  void TakeTurn(StepRef ref);
  void TakeLoopTurn(StepRef ref, const workflow::LoopConfig& config);
  void FinishActivation(ActivationIndex index);
  void FailActivation(ActivationIndex index, Error error);

  // --- end_step.cc
  void Complete(StepRef ref, uint32_t attempt, PortIndex port, json::Value output,
                std::optional<TimerKind> fired = std::nullopt, uint64_t signal = 0);
  void FailAttempt(StepRef ref, Error error, bool retryable, bool cancel_task,
                   std::optional<TimerKind> fired = std::nullopt);
  void TryAgain(StepRef ref, Error error, UnixMicros ready_at, bool lost, bool cancel_task,
                std::optional<TimerKind> fired = std::nullopt);
  void FailStep(StepRef ref, uint32_t attempt, Error error, bool cancel_task = false,
                std::optional<TimerKind> fired = std::nullopt);
  PortIndex PortAfterFailure(StepRef ref, std::string_view reason) const;
  // Whether retry.exceptWhen says that there is no point in another attempt.
  absl::StatusOr<bool> IsPointless(StepRef ref, const Error& error) const;
  void CancelRest(StepRef join);
  void CancelStep(StepRef ref, std::string_view reason);
  void FinishScopeIfSettled(ActivationIndex index);
  // `everything`: what completed in it is undone first; else only open transactions are.
  void FailScope(ActivationIndex index, Error error, bool everything = false);
  void End(Ending ending, bool everything, bool timer_fired = false);
  void EndExecution(EventBody end, bool timer_fired = false);
  // What is going on outside for a step, to be taken back; `whole_step`: not only its attempt.
  void CollectTimers(StepRef ref, std::optional<TimerKind> fired, bool whole_step,
                     Actions* out) const;
  void CollectTask(StepRef ref, std::string_view reason, Actions* out) const;
  // Its approval or key; with a `reason` its child too, which has not ended then.
  void CollectWait(StepRef ref, std::optional<std::string_view> reason, Actions* out) const;
  // The same for every open step of an activation, or of a container's bodies.
  void CollectActivation(ActivationIndex index, std::string_view reason, Closing* closing) const;
  void CollectBodies(StepRef container, std::string_view reason, Closing* closing) const;
  // And for compensations in hand.
  void CollectUndoing(Closing* closing) const;
  // Emits an event that closes activations, with what follows from it.
  uint64_t EmitClosing(EventBody body, Closing closing);

  // --- unwind.cc
  // Begins to undo what the end of the target leaves behind; false where there is nothing.
  bool Unwind(StepRef target, bool everything, Ending ending,
              std::optional<TimerKind> fired = std::nullopt);
  // A compensation is over.
  void FinishUndo(StepRef compensation, bool undone);
  void FinishUnwinding(StepRef target);
  // COMPENSATION_FAILED; no reason where all could be undone.
  Error CompensationError(const std::vector<StepRef>& failed, const Ending& ending) const;
  static EventBody EventOf(const Ending& ending, Error compensation);

  ExecutionState& state_;
  const Command& command_;
  const Limits& limits_;
  UnixMicros now_;
  Decision decision_;
  size_t seen_changes_ = 0;  // those that flow.await was told of
  bool began_with_more_;     // what a decision before this one did, flow.await may not know
};

}  // namespace agentflow::engine
