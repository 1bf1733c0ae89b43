#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/engine.h"
#include "libs/engine/rebase.h"
#include "libs/engine/replay.h"
#include "libs/engine/testing/describe.h"
#include "libs/engine/testing/plan_text.h"
#include "libs/engine/unwind.h"

// Random graphs under random commands, sensible ones and nonsense; a seed reproduces everything.
namespace agentflow::engine::testing {
namespace {

constexpr int kSeeds = 1500;

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  // [0, sides)
  uint64_t Roll(uint64_t sides) { return random_.Next() % sides; }
  bool Chance(int percent) { return Roll(100) < static_cast<uint64_t>(percent); }
  uint64_t Raw() { return random_.Next(); }

 private:
  SeededRandom random_;
};

std::string RandomNode(Dice& dice, const std::string& id, int in_edges, int depth) {
  static const char* const kKinds[] = {
      "noop",
      "transform value={\"x\":\"=inputs.x\"}",
      "transform value=\"=boom\" onError=continue",
      "if when=\"inputs.x > 10\"",
      "if when=\"inputs.x < 10\"",
      "switch case.p=\"inputs.x > 10\" case.q=\"inputs.x == 3\" default=r",
      "wait duration=5s",
      "wait duration=0",
      "task",
      "task attempts=3 initial=1s",
      "task attempts=2 backoff=fixed initial=1s startToClose=30s scheduleToClose=40s",
      "task attempts=2 scheduleToStart=9s retryOn=*",
      "task onError=continue scheduleToClose=20s",
      "task onError=continue continuePort=none",
      "noop checkpoint",
      "task onError=pause",
      "task onError=compensate",
      "task attempts=2 initial=1s onExhausted=pause exceptIf=\"error.reason == 7\"",
      "transform value=\"=boom\" onError=pause",
      "switch all case.p=\"inputs.x > 10\" case.q=\"inputs.x > 5\" default=r",
      "signal name=a",
      "signal name=a filter=\"signal == 3\" scheduleToClose=50s onError=continue",
      "approval within=90s",
      "task gate gate.when=\"inputs.x > 5\" gate.within=1m gate.then=approve attempts=2",
      "transform value=1 gate onError=continue",
      "await condition=\"inputs.x > 5\" onError=continue",
      "await condition=\"?nodes.n0.output != 7\" onError=continue scheduleToClose=3m",
      "child workflow=w attempts=2 initial=1s input=\"=inputs.x\"",
      "child workflow=w detach onError=continue scheduleToClose=40s",
  };
  static const char* const kContainers[] = {
      "map items=[1,2,3] concurrency=2",
      "map items=[1,2,3,4] tolerated=0.5 output=\"=item\"",
      "map items=[] onError=continue",
      "map items=\"=inputs.x\" onError=continue",
      "loop until_=\"iteration > 1\" output=\"=iteration\"",
      "loop while=\"inputs.x > 10\" maxIterations=2 onError=continue",
      "transaction output=1",
      "transaction",
      "transaction onError=pause",
      "transaction onError=continue",
      "map items=[1,2,3] onError=pause",
      "map items=[1,2,3] concurrency=2 onError=compensate",
      "map items=[1,2,3,4,5] inOrder tolerated=0.5 concurrency=4 gate",
      "critical critical=\"k\" limit=2",
      "critical critical=\"k\" scheduleToClose=1m onError=continue",
  };
  std::string line = "node " + id + " " + kKinds[dice.Roll(std::size(kKinds))];
  if (depth < 3 && dice.Chance(12)) {
    line = "node " + id + " " + kContainers[dice.Roll(std::size(kContainers))];
  }
  if (depth > 0 && dice.Chance(30)) line += " places=" + std::to_string(1 + dice.Roll(2));
  if (dice.Chance(2)) line = "node " + id + " fail reason=BAD";
  if (dice.Chance(2)) line = "node " + id + " fail reason=BAD onError=compensate";
  if (dice.Chance(2)) line = "node " + id + " end output=\"=inputs.x\"";
  if (dice.Chance(25))
    line += " join=any";
  else if (dice.Chance(20))
    line += " join=" + std::to_string(1 + dice.Roll(in_edges));
  if (dice.Chance(20)) line += " cancelRest";
  return line + "\n";
}

// Undoes the node that it is named after.
std::string RandomCompensation(Dice& dice, const std::string& id) {
  static const char* const kKinds[] = {
      "task attempts=2 initial=1s input=\"=step.output\"",
      "task onError=pause",
      "task",
      "noop",
      "transform value=\"=boom\"",
      "wait duration=3s",
      "noop checkpoint",
  };
  return "node " + id + "_undo " + kKinds[dice.Roll(7)] + " compensation\n";
}

std::string RandomPort(Dice& dice, const std::string& node_line) {
  if (node_line.find(" if ") != std::string::npos) return dice.Chance(50) ? ".then" : ".else";
  if (node_line.find(" approval ") != std::string::npos) {
    return dice.Chance(50) ? ".approved" : ".rejected";
  }
  if (node_line.find(" switch ") != std::string::npos) {
    return std::vector<std::string>{".p", ".q", ".r"}[dice.Roll(3)];
  }
  if (dice.Chance(15)) return dice.Chance(50) ? ".error" : ".error(BAD,ATTEMPT_*)";
  return "";
}

// The nodes and edges of one scope; containers have bodies of their own.
std::string RandomScope(Dice& dice, const std::string& prefix, int most, int depth) {
  int count = 1 + static_cast<int>(dice.Roll(most));
  std::string text;
  std::string edges;
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    std::string id = prefix + "n" + std::to_string(i);
    std::set<std::string> sources;
    for (uint64_t left = 1 + dice.Roll(3); left > 0; --left) {
      uint64_t from = dice.Roll(i + 1);
      sources.insert(from == 0 ? "start"
                               : prefix + "n" + std::to_string(from - 1) +
                                     RandomPort(dice, lines[from - 1]));
    }
    lines.push_back(RandomNode(dice, id, static_cast<int>(sources.size()), depth));
    if (i > 0 && dice.Chance(3)) {
      lines.back() = "node " + id + " cancel nodes=" + prefix + "n" + std::to_string(dice.Roll(i)) +
                     "," + prefix + "n" + std::to_string(dice.Roll(i)) + "\n";
    }
    if (dice.Chance(30)) {
      lines.back().insert(lines.back().size() - 1, " compensate=" + id + "_undo");
      text += RandomCompensation(dice, id);
    }
    text += lines.back();
    bool container = lines.back().find(" map ") != std::string::npos ||
                     lines.back().find(" loop ") != std::string::npos ||
                     lines.back().find(" transaction") != std::string::npos ||
                     lines.back().find(" critical ") != std::string::npos;
    if (container) text += RandomScope(dice, id + ".", 4, depth + 1);
    for (const std::string& source : sources) edges += "edge " + source + " -> " + id + "\n";
  }
  return text + edges;
}

std::string RandomPlan(Dice& dice) {
  std::string text = dice.Chance(30) ? "timeout 2m\n" : "";
  if (dice.Chance(30)) text += "maxInFlight " + std::to_string(1 + dice.Roll(3)) + "\n";
  if (dice.Chance(10)) text += "concurrency inputs.key\n";
  if (dice.Chance(50)) text += "outputs {\"x\": \"=inputs.x\", \"o\": \"=?nodes.n0.output\"}\n";
  return text + RandomScope(dice, "", 25, 0);
}

// What brings a request to a good end.
CommandBody GoodAnswer(const Action& action) {
  if (const auto* offer = std::get_if<OfferTask>(&action.body)) {
    return CompleteTask{offer->step, offer->attempt, 1};
  }
  if (const auto* run = std::get_if<RunInProcess>(&action.body)) {
    return RunStep{run->step, run->attempt};
  }
  if (const auto* approval = std::get_if<OpenApproval>(&action.body)) {
    return DecideApproval{approval->step, true, "users/ann", "", 1};
  }
  if (const auto* child = std::get_if<StartChild>(&action.body)) {
    if (child->detach) return ChildStarted{child->step, child->attempt, Uuid(), 1};
    return ChildEnded{child->step, child->attempt, Uuid(), Phase::kCompleted, 1, {}};
  }
  if (const auto* key = std::get_if<AcquireKey>(&action.body)) return KeyGranted{key->ticket};
  return FireTimer{std::get<StartTimer>(action.body).id};
}

// One execution with a pretended outside world.
class World {
 public:
  World(uint64_t seed, PlanPtr plan) : dice_(seed), plan_(std::move(plan)) {
    limits_.transitions = 1 + static_cast<uint32_t>(dice_.Roll(8));
    limits_.lost_attempts = 2;
    shadow_.plan = plan_;
  }

  // Begins in the middle.
  void ForkFrom(const std::vector<Event>& events, uint64_t sequence, Origin::Kind kind) {
    auto info = std::make_shared<StartInfo>();
    info->plan_hash = plan_->hash;
    info->workflow = plan_->workflow;
    info->version = plan_->version;
    info->input = json::Object{{"x", 5}, {"key", "k"}};
    info->origin = {kind, "source", sequence};
    auto fork = Fork(plan_, events, sequence, {info});
    ASSERT_TRUE(fork.ok()) << fork.status();
    fork_ = std::make_shared<ExecutionState>(*std::move(fork));
    info_ = info;
  }

  const ExecutionState& state() const { return state_; }

  void Run() {
    Start();
    for (int i = 0; i < 300 && !state_.over(); ++i) RandomCommand();
    for (int i = 0; i < 2000 && !state_.over(); ++i) Push();
    ASSERT_TRUE(state_.over()) << "stuck:\n" << Describe(state_);
    std::string end = EncodeState(state_);
    for (int i = 0; i < 20; ++i) RandomCommand();
    EXPECT_EQ(EncodeState(state_), end) << "a terminal state changed";
    CheckReplay();
  }

  std::vector<Event> Events() const { return *DecodeEvents(journal_); }

 private:
  void Start() {
    if (fork_) return Send(StartForked{plan_, info_, fork_});
    auto info = std::make_shared<StartInfo>();
    info->plan_hash = plan_->hash;
    info->workflow = plan_->workflow;
    info->version = plan_->version;
    info->strict = dice_.Chance(20);
    info->queued = dice_.Chance(10);
    info->input = json::Object{{"x", static_cast<int64_t>(dice_.Roll(20))}, {"key", "k"}};
    Send(StartExecution{plan_, std::move(info)});
  }

  void RandomCommand() {
    now_ += static_cast<int64_t>(dice_.Roll(3'000'000));
    if (dice_.Chance(1)) return Send(CancelExecution{"by chance", dice_.Chance(50)});
    if (dice_.Chance(1)) return Send(PauseExecution{"by chance"});
    if (dice_.Chance(1)) return Migrate();
    if (dice_.Chance(1)) return Rehome();
    if (dice_.Chance(state_.paused ? 20 : 1)) return Resume();
    if (dice_.Chance(10)) return Send(Continue{});
    std::vector<Action> open = Outstanding(state_);
    if (dice_.Chance(30) || open.empty()) return Send(Nonsense());
    if (dice_.Chance(10)) return Send(SignalExecution{"a", static_cast<int64_t>(dice_.Roll(4))});
    if (dice_.Chance(5)) return Send(AdmitExecution{});
    Answer(open[dice_.Roll(open.size())]);
  }

  // Does something that must lead to an end.
  void Push() {
    now_ += 200'000'000;
    if (state_.paused) return Resume();
    if (state_.more()) return Send(Continue{});
    if (state_.holds & kHoldAdmission) return Send(AdmitExecution{});
    if (!state_.signals.empty() || state_.listeners.empty() || dice_.Chance(50)) PushOutside();
    if (!state_.listeners.empty()) Send(SignalExecution{"a", 3});
  }

  void PushOutside() {
    std::vector<Action> open = Outstanding(state_);
    std::erase_if(open, [](const Action& action) {  // asks for nothing
      const auto* key = std::get_if<AcquireKey>(&action.body);
      return key && key->held;
    });
    if (open.empty() && !state_.listeners.empty()) return;
    ASSERT_FALSE(open.empty()) << Describe(state_);
    const Action& last = open.back();
    const auto* timer = std::get_if<StartTimer>(&last.body);
    // Children that fail and keys that are refused end as well, but not always later ones.
    if (timer || dice_.Chance(30)) return Answer(last);
    Send(GoodAnswer(last));
  }

  // To the same plan: nothing changes.
  void Migrate() {
    auto moved = engine::Migrate(state_, plan_, {});
    if (moved.ok()) {
      EXPECT_TRUE(Same(moved->state, state_)) << Describe(state_) << Describe(moved->state);
      EXPECT_TRUE(moved->dropped.empty() && moved->problems.empty() && moved->added.empty());
    }
    Send(MigrateExecution{plan_, {}});
  }

  // The same state for a journal that begins anew: nothing changes, whatever is under way.
  void Rehome() {
    if (state_.over() || state_.more()) return Send(RehomeExecution{});
    ExecutionState before = *DecodeState(plan_, EncodeState(state_));
    Send(RehomeExecution{});
    ++before.sequence;
    before.updated_at = state_.updated_at;
    EXPECT_TRUE(Same(before, state_)) << Describe(before) << Describe(state_);
  }

  void Resume() {
    ResumeExecution resume;
    for (StepRef ref : ListSteps(state_)) {
      if (!state_.step(ref).held || dice_.Chance(30)) continue;
      HeldDecision& decision = resume.decisions[StepKey(state_, ref)];
      decision.kind = dice_.Chance(50) ? HeldDecision::Kind::kFail : HeldDecision::Kind::kComplete;
      decision.output = 5;
    }
    Send(std::move(resume));
  }

  CommandBody Nonsense() {
    StepRef step{static_cast<ActivationIndex>(dice_.Roll(2) == 0 ? 0 : dice_.Roll(6)),
                 static_cast<NodeIndex>(dice_.Roll(plan_->nodes.size() + 2))};
    auto attempt = static_cast<uint32_t>(dice_.Roll(4));
    switch (dice_.Roll(12)) {
      case 0:
        return CompleteTask{step, attempt, 1};
      case 6:
        return DecideApproval{step, true, "stranger", "", {}};
      case 7:
        return ChildStarted{step, attempt, Uuid(), 1};
      case 8:
        return ChildEnded{step, attempt, Uuid(), Phase::kFailed, {}, {"BAD", "", ""}};
      case 9:
        return KeyGranted{{step}};
      case 10:
        return KeyRefused{{step}, "BUSY", ""};
      case 11:
        return KeyGranted{};
      case 1:
        return FailTask{step, attempt, "BAD", "", dice_.Chance(50)};
      case 2:
        return LoseAttempt{step, attempt};
      case 3:
        return RunStep{step, attempt};
      case 4:
        return ClaimTask{step, attempt, "stranger"};
      default:
        return FireTimer{{static_cast<TimerKind>(1 + dice_.Roll(6)), step, attempt}};
    }
  }

  void Answer(const Action& action) {
    if (const auto* offer = std::get_if<OfferTask>(&action.body)) {
      if (dice_.Chance(30)) return Send(ClaimTask{offer->step, offer->attempt, "w1"});
      if (dice_.Chance(60)) return Send(CompleteTask{offer->step, offer->attempt, 7});
      if (dice_.Chance(30)) return Send(LoseAttempt{offer->step, offer->attempt});
      Send(FailTask{offer->step, offer->attempt, "BAD", "no luck", dice_.Chance(80)});
    } else if (const auto* run = std::get_if<RunInProcess>(&action.body)) {
      Send(RunStep{run->step, run->attempt});
    } else if (const auto* timer = std::get_if<StartTimer>(&action.body)) {
      if (timer->id.kind == TimerKind::kExecution && dice_.Chance(80)) return;
      if (dice_.Chance(70)) now_ = std::max(now_, timer->fire_at);
      Send(FireTimer{timer->id});
    } else if (const auto* approval = std::get_if<OpenApproval>(&action.body)) {
      Send(DecideApproval{approval->step, dice_.Chance(70), "users/ann", "", 1});
    } else if (const auto* child = std::get_if<StartChild>(&action.body)) {
      Send(AnswerOf(*child));
    } else if (const auto* key = std::get_if<AcquireKey>(&action.body)) {
      if (dice_.Chance(90)) return Send(KeyGranted{key->ticket});
      Send(KeyRefused{key->ticket, "KEY_BUSY", "no place"});
    }
  }

  CommandBody AnswerOf(const StartChild& child) {
    Uuid id = *Uuid::Parse("00000000-0000-4000-8000-00000000000c");
    switch (dice_.Roll(4)) {
      case 0:
        return ChildStarted{child.step, child.attempt, id, 2};
      case 1:
        return ChildRefused{child.step, child.attempt, {"BAD", "", ""}, dice_.Chance(50)};
      case 2:
        return ChildEnded{child.step, child.attempt, id, Phase::kFailed, {}, {"BAD", "", ""}};
      default:
        if (child.detach) return ChildStarted{child.step, child.attempt, id, 2};
        return ChildEnded{child.step, child.attempt, id, Phase::kCompleted, 7, {}};
    }
  }

  void Send(CommandBody body) {
    Command command{now_, dice_.Raw(), "users/x", std::move(body)};
    std::string before = EncodeState(state_);
    uint64_t sequence = state_.sequence;
    bool was_over = state_.over();
    auto decision = Advance(state_, command, limits_);
    if (!decision.ok()) {
      EXPECT_EQ(EncodeState(state_), before) << "a refusal changed the state";
      return;
    }
    if (was_over) {
      EXPECT_TRUE(decision->events.empty() && decision->actions.empty());
    }
    EXPECT_EQ(BrokenInvariant(state_, *decision), "") << History();
    for (const Event& event : decision->events) {
      if (IsVolatile(event)) continue;
      EXPECT_EQ(event.sequence, ++sequence);
      Journal(event);
    }
    ForgetAnswered(command.body, *decision);
    TrackActions(*decision);
    auto restored = DecodeState(plan_, EncodeState(state_));
    EXPECT_TRUE(restored.ok() && Same(*restored, state_)) << "the snapshot gives another state";
    if (state_.over()) {
      EXPECT_TRUE(timers_.empty()) << "a timer is left over\n" << History();
      EXPECT_TRUE(tasks_.empty()) << "a task is left over";
      EXPECT_TRUE(children_.empty()) << "a child is left over";
      EXPECT_TRUE(approvals_.empty()) << "an approval is left over";
      EXPECT_TRUE(tickets_.empty()) << "a key is left over";
    }
  }

  // A timer that fired and a task that was answered are no longer outside.
  void ForgetAnswered(const CommandBody& body, const Decision& decision) {
    if (decision.events.empty()) return;
    if (const auto* fire = std::get_if<FireTimer>(&body)) timers_.erase(Encode(fire->id));
    if (const auto* c = std::get_if<CompleteTask>(&body)) tasks_.erase({c->step, c->attempt});
    if (const auto* c = std::get_if<FailTask>(&body)) tasks_.erase({c->step, c->attempt});
    if (const auto* c = std::get_if<LoseAttempt>(&body)) tasks_.erase({c->step, c->attempt});
    if (const auto* c = std::get_if<ChildRefused>(&body)) children_.erase({c->step, c->attempt});
    if (const auto* c = std::get_if<ChildEnded>(&body)) children_.erase({c->step, c->attempt});
    const auto* started = std::get_if<ChildStarted>(&body);
    bool detached = started && state_.step(started->step).state == StepState::kCompleted;
    if (detached) children_.erase({started->step, started->attempt});
  }

  void Journal(const Event& event) {
    EncodeEvent(event, &journal_);
    EXPECT_GE(event.time, last_time_);
    last_time_ = event.time;
    CheckUndoing(event);
    Apply(shadow_, event);
    // Each attempt of a step ends once.
    if (const auto* e = std::get_if<StepRetried>(&event.body)) held_.erase(e->step);
    if (auto step = StepOf(event); step && held_.contains(*step)) return;
    auto ends = [&](StepRef step, uint32_t attempt) {
      EXPECT_TRUE(ended_.insert({step, attempt}).second) << "an attempt ended twice";
    };
    if (const auto* e = std::get_if<StepCompleted>(&event.body)) ends(e->step, e->attempt);
    if (const auto* e = std::get_if<StepFailed>(&event.body)) ends(e->step, e->attempt);
    if (const auto* e = std::get_if<AttemptFailed>(&event.body)) ends(e->step, e->attempt);
    if (const auto* e = std::get_if<StepHeld>(&event.body)) {
      ends(e->step, e->attempt);
      held_.insert(e->step);
    }
  }

  // A compensation begins for what completed last, of all that is left to its unwinding; one that
  // had begun already when an unwinding around it took it over is excused. `shadow_` is the state
  // before the event.
  void CheckUndoing(const Event& event) {
    if (std::holds_alternative<UnwindingStarted>(event.body)) {
      for (const auto& [target, unwinding] : shadow_.unwindings) {
        excused_.insert(unwinding.in_hand.begin(), unwinding.in_hand.end());
      }
    }
    auto step = StepOf(event);
    if (!step || !plan_->nodes[step->node].compensation || !undoing_.insert(*step).second) return;
    StepRef undone{step->activation, plan_->nodes[step->node].undoes};
    auto target = UnwindingOf(shadow_, step->activation);
    ASSERT_TRUE(target) << "a compensation without an unwinding";
    EXPECT_EQ(shadow_.step(undone).state, StepState::kCompleted);
    if (excused_.contains(undone)) return;
    const Unwinding& unwinding = shadow_.unwindings.at(*target);
    EXPECT_EQ(unwinding.in_hand, std::vector<StepRef>{undone}) << "two at a time";
    for (StepRef left : unwinding.left) {
      EXPECT_LT(CompletionOf(shadow_, left), CompletionOf(shadow_, undone));
    }
  }

  // What was started outside and not taken back or answered is what is outstanding.
  void TrackActions(const Decision& decision) {
    bool resumed = std::any_of(decision.events.begin(), decision.events.end(), [](const Event& e) {
      return std::holds_alternative<ExecutionResumed>(e.body);
    });
    for (const Action& action : decision.actions) {
      if (std::holds_alternative<ReloadExecution>(action.body)) return Reload();
      if (const auto* start = std::get_if<StartTimer>(&action.body)) {
        timers_[Encode(start->id)] = start->fire_at;
      }
      if (const auto* offer = std::get_if<OfferTask>(&action.body)) {
        bool fresh = tasks_.insert({offer->step, offer->attempt}).second;
        EXPECT_TRUE(fresh || resumed) << "offered twice";
      }
      if (const auto* cancel = std::get_if<CancelTask>(&action.body)) {
        EXPECT_EQ(tasks_.erase({cancel->step, cancel->attempt}), 1u) << "cancelled, never offered";
      }
      if (const auto* cancel = std::get_if<CancelTimer>(&action.body)) {
        auto timer = timers_.find(Encode(cancel->id));
        ASSERT_NE(timer, timers_.end()) << "a timer is cancelled that was never started";
        EXPECT_EQ(timer->second, cancel->fire_at);
        timers_.erase(timer);
      }
      TrackWaits(action);
    }
    for (const Action& action : Outstanding(state_)) {
      if (const auto* offer = std::get_if<OfferTask>(&action.body)) {
        EXPECT_TRUE(tasks_.contains({offer->step, offer->attempt})) << "a task was never offered";
      }
      const auto* timer = std::get_if<StartTimer>(&action.body);
      if (timer) {
        EXPECT_TRUE(timers_.contains(Encode(timer->id))) << "a timer was never started";
      }
      if (const auto* a = std::get_if<OpenApproval>(&action.body)) {
        EXPECT_TRUE(approvals_.contains(a->step)) << "an approval was never opened";
      }
      if (const auto* a = std::get_if<StartChild>(&action.body)) {
        EXPECT_TRUE(children_.contains({a->step, a->attempt})) << "a child was never started";
      }
      if (const auto* a = std::get_if<AcquireKey>(&action.body)) {
        EXPECT_TRUE(tickets_.contains(a->ticket)) << "a key was never asked for";
      }
    }
  }

  void TrackWaits(const Action& action) {
    if (const auto* a = std::get_if<OpenApproval>(&action.body)) {
      EXPECT_TRUE(approvals_.insert(a->step).second) << "opened twice";
    }
    if (const auto* a = std::get_if<CloseApproval>(&action.body)) {
      EXPECT_EQ(approvals_.erase(a->step), 1u) << "closed, never opened";
    }
    if (const auto* a = std::get_if<StartChild>(&action.body)) {
      EXPECT_TRUE(children_.insert({a->step, a->attempt}).second) << "started twice";
    }
    if (const auto* a = std::get_if<CancelChild>(&action.body)) {
      EXPECT_EQ(children_.erase({a->step, a->attempt}), 1u) << "cancelled, never started";
    }
    if (const auto* a = std::get_if<AcquireKey>(&action.body)) {
      EXPECT_TRUE(tickets_.insert(a->ticket).second) << "asked for twice";
    }
    if (const auto* a = std::get_if<ReleaseKey>(&action.body)) {
      EXPECT_EQ(tickets_.erase(a->ticket), 1u) << "released, never asked for";
    }
  }

  // The journal as text, for whoever looks into a seed.
  std::string History() const {
    std::string text;
    for (const Event& event : Events()) text += Describe(state_, event);
    return text;
  }

  // As a new owner begins.
  void Reload() {
    tasks_.clear();
    timers_.clear();
    approvals_.clear();
    children_.clear();
    tickets_.clear();
    for (const Action& action : Outstanding(state_)) {
      TrackWaits(action);
      if (const auto* offer = std::get_if<OfferTask>(&action.body)) {
        tasks_.insert({offer->step, offer->attempt});
      }
      if (const auto* start = std::get_if<StartTimer>(&action.body)) {
        timers_[Encode(start->id)] = start->fire_at;
      }
    }
  }

  void CheckReplay() {
    auto events = DecodeEvents(journal_);
    ASSERT_TRUE(events.ok());
    EXPECT_TRUE(Same(Replay(plan_, *events), state_)) << "the journal gives another state";
    auto again = ReplayDecisions(plan_, *events, {plan_}, limits_);
    ASSERT_TRUE(again.ok()) << again.status();
    if (again->divergence) {
      ADD_FAILURE() << again->divergence->sequence << "\nexpected " << again->divergence->expected
                    << "\nfound " << again->divergence->found << "\n" << History();
    }
    EXPECT_TRUE(Same(again->state, state_)) << "what came from outside gives another state";
    EXPECT_TRUE(again->not_used.empty() && again->not_recorded.empty());
  }

  Dice dice_;
  PlanPtr plan_;
  ExecutionState state_;
  Limits limits_;
  UnixMicros now_ = 1'700'000'000'000'000;
  UnixMicros last_time_ = 0;
  std::string journal_;
  std::shared_ptr<const ExecutionState> fork_;
  std::shared_ptr<const StartInfo> info_;
  ExecutionState shadow_;  // the fold of the journal up to here
  std::set<StepRef> held_;
  std::set<StepRef> undoing_;  // compensations that have begun
  std::set<StepRef> excused_;
  std::set<std::pair<StepRef, uint32_t>> ended_;
  std::map<std::string, UnixMicros> timers_;
  std::set<std::pair<StepRef, uint32_t>> tasks_;
  std::set<std::pair<StepRef, uint32_t>> children_;
  std::set<StepRef> approvals_;
  std::set<Ticket> tickets_;
};

TEST(Property, RandomGraphsUnderRandomCommands) {
  for (uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    Dice dice(seed);
    std::string text = RandomPlan(dice);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    PlanPtr plan = PlanOf(text);
    World world(dice.Raw(), plan);
    world.Run();
    if (::testing::Test::HasFailure() || !dice.Chance(30)) continue;
    std::vector<Event> events = world.Events();
    std::vector<Checkpoint> checkpoints = Checkpoints(plan, events);
    auto point = RetryPoint(plan, events);
    bool completed = world.state().phase == Phase::kCompleted;
    EXPECT_EQ(ReasonOf(point.status()) == "EXECUTION_NOT_FAILED", completed);
    if (point.ok()) {
      World retry(dice.Raw(), plan);
      retry.ForkFrom(events, *point, Origin::Kind::kRetry);
      retry.Run();
    }
    if (!checkpoints.empty()) {
      World fork(dice.Raw(), plan);
      fork.ForkFrom(events, checkpoints[dice.Roll(checkpoints.size())].sequence,
                    Origin::Kind::kFork);
      fork.Run();
    }
  }
}

// What another version would have done with a journal: whatever that version is, the replay ends,
// in a state that is whole.
TEST(Property, ReplaysAsAnotherVersionComeToAnEnd) {
  int diverged = 0;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Dice dice(seed);
    std::string text = RandomPlan(dice);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    PlanPtr plan = PlanOf(text);
    World world(dice.Raw(), plan);
    world.Run();
    std::string changed = text;
    if (dice.Chance(30)) {
      changed = RandomPlan(dice);
    } else if (size_t edge = changed.rfind("edge start"); edge != std::string::npos) {
      changed.erase(edge, changed.find('\n', edge) + 1 - edge);
    }
    auto parsed = ParsePlan(changed);
    if (!parsed.ok()) continue;
    auto other = std::make_shared<workflow::Plan>(**parsed);
    other->hash = "another";
    auto report = ReplayDecisions(plan, world.Events(), {other, 2});
    if (!report.ok()) {
      EXPECT_TRUE(ReasonOf(report.status()).starts_with("MIGRATION_")) << report.status();
      continue;
    }
    diverged += report->divergence ? 1 : 0;
    EXPECT_FALSE(report->state.more());
    EXPECT_EQ(BrokenInvariant(report->state, {}), "");
    auto again = ReplayDecisions(plan, world.Events(), {other, 2});
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(Same(again->state, report->state));
    EXPECT_EQ(again->not_used, report->not_used);
  }
  EXPECT_GT(diverged, 100);
}

// Apply must bear any order of events: journals are stored bytes, and bytes can be wrong.
TEST(Property, ApplyIsTotal) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Dice dice(seed);
    PlanPtr plan = PlanOf(RandomPlan(dice));
    World world(dice.Raw(), plan);
    world.Run();
    std::vector<Event> events = world.Events();
    for (size_t i = 1; i < events.size(); ++i) {
      if (dice.Chance(50)) std::swap(events[i], events[1 + dice.Roll(events.size() - 1)]);
    }
    for (size_t i = 0; i < events.size(); ++i) events[i].sequence = i + 1;
    ExecutionState state = Replay(plan, events);
    Describe(state);
    Outstanding(state);
    EXPECT_EQ(state.sequence, state.over() ? state.sequence : events.size());
  }
}

TEST(Property, SnapshotsInTheMiddleChangeNothing) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Dice dice(seed);
    PlanPtr plan = PlanOf(RandomPlan(dice));
    auto info = std::make_shared<StartInfo>();
    info->plan_hash = plan->hash;
    info->input = json::Object{{"x", 11}, {"key", "k"}};
    ExecutionState direct;
    Command command{1, 0, "", StartExecution{plan, info}};
    ASSERT_TRUE(Advance(direct, command).ok());
    ExecutionState restored = *DecodeState(plan, EncodeState(direct));
    for (int i = 0; i < 50 && !direct.over(); ++i) {
      std::vector<Action> open = Outstanding(direct);
      command.now += 60'000'000;
      command.body = SignalExecution{"a", 3};
      if (!open.empty()) command.body = GoodAnswer(open[dice.Roll(open.size())]);
      if (direct.paused) command.body = ResumeExecution{};
      EXPECT_EQ(Advance(direct, command).ok(), Advance(restored, command).ok());
      restored = *DecodeState(plan, EncodeState(restored));
      ASSERT_TRUE(Same(restored, direct)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace agentflow::engine::testing
