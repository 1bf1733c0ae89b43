#include "libs/engine/replay.h"

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/decision_text.h"
#include "libs/engine/rebase.h"
#include "libs/engine/recorded_inputs.h"

namespace agentflow::engine {
namespace {

using Kind = ExecutionRebased::Kind;

// Where the plan of the journal's end begins.
size_t BeginOf(std::span<const Event> journal) {
  for (size_t i = journal.size(); i-- > 0;) {
    const auto* rebased = std::get_if<ExecutionRebased>(&journal[i].body);
    if (!rebased || rebased->kind == Kind::kRehome) continue;
    bool starts = rebased->kind != Kind::kMigrate && i > 0 &&
                  std::holds_alternative<ExecutionStarted>(journal[i - 1].body);
    return starts ? i - 1 : i;
  }
  return 0;
}

class Replayer {
 public:
  Replayer(PlanPtr recorded, std::span<const Event> journal, const ReplayTarget& target,
           const Limits& limits)
      : recorded_(std::move(recorded)),
        journal_(journal.subspan(BeginOf(journal))),
        target_(target),
        plan_(target.plan),
        same_plan_(plan_->hash == recorded_->hash),
        limits_(limits) {}

  absl::StatusOr<ReplayReport> Run() {
    if (journal_.empty()) return NotFound("EXECUTION_UNKNOWN", "The journal is empty.");
    ReadInputs();
    AF_RETURN_IF_ERROR(Begin());
    while (!report_.divergence && next_ < journal_.size()) Follow();
    GoOn();
    Finish();
    return std::move(report_);
  }

 private:
  ExecutionState& state() { return report_.state; }

  // The fold of the journal, and on the way what came from outside.
  void ReadInputs() {
    if (const auto* started = std::get_if<ExecutionStarted>(&journal_[0].body)) {
      // The smaller of the two counted, and the workflow's is in its plan.
      if (started->max_in_flight != recorded_->max_in_flight) {
        limits_.in_flight = started->max_in_flight;
      }
    }
    then_.plan = recorded_;
    for (size_t i = 0; i < journal_.size(); ++i) {
      if (i > 0 && then_.phase != Phase::kNone) {
        if (auto input = InputOf(then_, journal_, i, limits_)) inputs_.push_back(*std::move(input));
      }
      Apply(then_, journal_[i]);
    }
  }

  absl::Status Begin() {
    AF_ASSIGN_OR_RETURN(CommandBody body, FirstCommand());
    Limits direct = limits_;
    direct.transitions = 0;
    auto decision = Advance(state(), {journal_[0].time, 0, "", std::move(body)}, direct);
    AF_RETURN_IF_ERROR(decision.status());
    Compare(decision->events);
    return absl::OkStatus();
  }

  absl::StatusOr<CommandBody> FirstCommand() {
    const auto* started = std::get_if<ExecutionStarted>(&journal_[0].body);
    const auto* rebased = std::get_if<ExecutionRebased>(&journal_[0].body);
    if (started && journal_.size() > 1) {
      rebased = std::get_if<ExecutionRebased>(&journal_[1].body);
      if (rebased && rebased->kind == Kind::kRehome) rebased = nullptr;
    }
    std::optional<ExecutionState> middle;
    if (rebased) {
      AF_ASSIGN_OR_RETURN(middle, DecodeState(recorded_, rebased->snapshot));
    }
    if (!started && !middle) {
      return NotFound("EXECUTION_UNKNOWN", "The journal begins with no start.");
    }
    if (started && !middle) return StartExecution{plan_, InfoOf(*started->info)};
    if (!same_plan_ && started) {
      AF_ASSIGN_OR_RETURN(MigrationResult moved, Migrate(*middle, plan_, {}));
      middle = std::move(moved.state);
    }
    if (started) {
      auto fork = std::make_shared<const ExecutionState>(*std::move(middle));
      return StartForked{plan_, InfoOf(*started->info), std::move(fork)};
    }
    state() = *std::move(middle);
    if (same_plan_ && rebased->kind == Kind::kRehome) return RehomeExecution{};
    return MigrateExecution{plan_, {}, target_.version};
  }

  // The recorded start, for the plan that is replayed.
  std::shared_ptr<const StartInfo> InfoOf(const StartInfo& then) const {
    auto info = std::make_shared<StartInfo>(then);
    if (same_plan_) return info;
    info->plan_hash = plan_->hash;
    info->version = target_.version;
    if (target_.input) info->input = *target_.input;
    if (!recorded_->concurrency.key.empty()) info->concurrency = {};  // as the plan says
    return info;
  }

  // One decision after the other, as they were made: an input where one was recorded, and else
  // what is next on the agenda.
  void Follow() {
    const Event& expected = journal_[next_];
    while (!inputs_.empty() && inputs_.front().index < next_) inputs_.pop_front();
    bool given = !inputs_.empty() && inputs_.front().index == next_;
    Command command{expected.time, 0, "", Continue{}};
    if (given) {
      auto own = CommandFor(inputs_.front(), state());
      if (!own.ok()) return Diverge(&expected, nullptr);
      command = *std::move(own);
      Claim(inputs_.front());
    } else if (!state().more()) {
      return Diverge(&expected, nullptr);
    }
    Limits one = limits_;
    one.transitions = given ? 0 : 1;
    // What follows a fork by itself has the fork's time, even where the state that it took over is
    // of a later one.
    const UnixMicros updated_at = state().updated_at;
    if (!given) state().updated_at = std::min(updated_at, expected.time);
    auto decision = Advance(state(), command, one);
    state().updated_at = std::max(updated_at, state().updated_at);
    if (!decision.ok() || decision->events.empty()) return Diverge(&expected, nullptr);
    if (given) inputs_.pop_front();
    Compare(decision->events);
  }

  // That a worker had taken the task, and when: events of results repeat it.
  void Claim(const RecordedInput& input) {
    if (input.claimed_at == 0) return;
    auto ref = FindStep(state(), input.step);
    if (!ref.ok() || state().step(*ref).state != StepState::kReady) return;
    Event claim{state().sequence, input.claimed_at, StepClaimed{}};
    claim.body = StepClaimed{*ref, state().step(*ref).attempt, "", 0};
    Apply(state(), claim);
  }

  void Compare(const std::vector<Event>& made) {
    for (const Event& event : made) {
      if (next_ == journal_.size()) return Diverge(nullptr, &event);
      const Event& expected = journal_[next_];
      if (!SameDecision(expected, event)) return Diverge(&expected, &event);
      ++next_;
      ++report_.same;
    }
  }

  bool SameDecision(const Event& expected, const Event& found) {
    if (expected.body.index() != found.body.index()) return false;
    if (same_plan_) {
      std::string a, b;
      EncodeEvent(expected, &a);
      EncodeEvent(found, &b);
      if (a == b) return true;
    }
    return TextOf(then_, expected) == TextOf(state(), found);
  }

  void Diverge(const Event* expected, const Event* found) {
    Divergence divergence;
    for (const auto& [event, state, text] :
         {std::tuple(expected, &then_, &divergence.expected),
          std::tuple(found, &report_.state, &divergence.found)}) {
      if (event == nullptr) continue;
      DecisionText decision = TextOf(*state, *event);
      *text = std::move(decision.text);
      if (decision.step.empty()) continue;
      divergence.step = std::move(decision.step);
      divergence.node = std::move(decision.node);
    }
    if (expected != nullptr) divergence.sequence = expected->sequence;
    report_.divergence = std::move(divergence);
  }

  // From a divergence, or the journal's end, on: every input when it is asked for, in their order.
  void GoOn() {
    // In-process tasks run when they are asked for; the rest of these was part of a decision.
    std::erase_if(inputs_, [&](const RecordedInput& input) {
      return input.index < next_ || std::holds_alternative<RunStep>(input.command.body);
    });
    if (!report_.divergence && same_plan_) return;
    now_ = state().updated_at;
    Remember(Outstanding(state()));
    WorkOff();
    for (size_t i = 0; i < inputs_.size() && !state().over();) {
      bool given = Give(inputs_[i]);
      if (!given && !Hopeless(inputs_[i])) {
        ++i;
        continue;
      }
      if (!given) not_used_.insert(inputs_[i].index);
      inputs_.erase(inputs_.begin() + static_cast<std::ptrdiff_t>(i));
      if (!given) continue;
      WorkOff();
      i = 0;
    }
    for (const RecordedInput& input : inputs_) not_used_.insert(input.index);
  }

  // Whether nothing can ask for it any more.
  bool Hopeless(const RecordedInput& input) {
    if (input.step.empty()) return false;
    auto ref = FindStep(state(), input.step);
    return ref.ok() && IsOver(state().step(*ref).state);
  }

  // What needs nothing from outside.
  void WorkOff() {
    while (!state().over()) {
      if (state().more()) {
        if (!Do({now_, 0, "", Continue{}})) return;
      } else if (!in_process_.empty()) {
        RunInProcess run = in_process_.front();
        in_process_.pop_front();
        // One that is refused was asked for before a pause, which asks again at its end.
        Do({now_, 0, "", RunStep{run.step, run.attempt}});
      } else {
        return;
      }
    }
  }

  // Whether it led to anything.
  bool Do(const Command& command) {
    auto decision = Advance(state(), command, limits_);
    if (!decision.ok() || decision->events.empty()) return false;
    Remember(decision->actions);
    return true;
  }

  void Remember(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      if (const auto* run = std::get_if<RunInProcess>(&action.body)) in_process_.push_back(*run);
    }
  }

  bool Give(const RecordedInput& input) {
    auto command = CommandFor(input, state());
    if (!command.ok()) return false;
    command->now = std::max(command->now, DueOf(*command));
    Claim(input);
    if (!Do(*command)) return false;
    now_ = command->now;
    return true;
  }

  // A timer that fired then fires now as well, at its own time.
  UnixMicros DueOf(const Command& command) {
    const auto* fire = std::get_if<FireTimer>(&command.body);
    if (!fire) return 0;
    if (fire->id.kind == TimerKind::kExecution) return state().deadline;
    auto wait = state().waits.find(fire->id.step);
    bool waits = fire->id.kind == TimerKind::kWait && wait != state().waits.end();
    return waits ? wait->second.deadline : state().step(fire->id.step).deadline;
  }

  void Finish() {
    for (size_t index : not_used_) {
      report_.not_used.push_back(TextOf(then_, journal_[index]).text);
    }
    if (state().over()) return;
    for (StepRef ref : ListSteps(state())) {
      const Step& step = state().step(ref);
      bool open = step.state == StepState::kReady || step.state == StepState::kWaiting;
      if (open && state().IsLive(ref)) report_.not_recorded.push_back(StepKey(state(), ref));
    }
  }

  const PlanPtr recorded_;
  const std::span<const Event> journal_;
  const ReplayTarget target_;
  const PlanPtr plan_;
  const bool same_plan_;
  Limits limits_;
  ExecutionState then_;               // the fold of the whole journal
  std::deque<RecordedInput> inputs_;  // not given yet
  size_t next_ = 0;                   // of the journal: not compared yet
  UnixMicros now_ = 0;                // of the last input
  std::deque<RunInProcess> in_process_;
  std::set<size_t> not_used_;  // indices in the journal
  ReplayReport report_;
};

}  // namespace

absl::StatusOr<ReplayReport> ReplayDecisions(PlanPtr recorded, std::span<const Event> journal,
                                             const ReplayTarget& target, const Limits& limits) {
  return Replayer(std::move(recorded), journal, target, limits).Run();
}

}  // namespace agentflow::engine
