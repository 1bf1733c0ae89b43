#include "tests/sim/oracle.h"

#include <algorithm>

#include "agentflow/internal/executor/v1/feed.pb.h"
#include "libs/base/lane.h"
#include "libs/engine/codec.h"
#include "libs/engine/testing/describe.h"
#include "tests/sim/executor.h"
#include "tests/sim/postgres.h"

namespace agentflow::sim {
namespace {

using engine::Event;
using engine::StepRef;
using executor::ExecutionWrite;

// The attempt that an event ends for good; nullopt: none. One that is held has its end to come.
std::optional<std::pair<StepRef, uint32_t>> EndedBy(const Event& event) {
  if (const auto* e = std::get_if<engine::StepCompleted>(&event.body))
    return {{e->step, e->attempt}};
  if (const auto* e = std::get_if<engine::StepFailed>(&event.body)) return {{e->step, e->attempt}};
  if (const auto* e = std::get_if<engine::AttemptFailed>(&event.body)) {
    return {{e->step, e->attempt}};
  }
  return std::nullopt;
}

// Whether a step is over with it.
bool Ends(const Event& event) {
  return std::holds_alternative<engine::StepCompleted>(event.body) ||
         std::holds_alternative<engine::StepFailed>(event.body) ||
         std::holds_alternative<engine::StepSkipped>(event.body) ||
         std::holds_alternative<engine::StepCanceled>(event.body);
}

// What differs between two states that should be the same, as far as their texts do not show it.
std::string Difference(const engine::ExecutionState& a, const engine::ExecutionState& b) {
  std::string text;
  auto number = [&](const char* name, int64_t x, int64_t y) {
    if (x != y) text += absl::StrCat(" ", name, " ", x, "/", y);
  };
  if (!(*a.start == *b.start)) text += " start";
  number("phase", static_cast<int>(a.phase), static_cast<int>(b.phase));
  number("started_at", a.started_at, b.started_at);
  number("updated_at", a.updated_at, b.updated_at);
  number("deadline", a.deadline, b.deadline);
  number("active", a.active, b.active);
  number("waiting", a.waiting, b.waiting);
  number("agenda", static_cast<int64_t>(a.agenda.size() - a.agenda_head),
         static_cast<int64_t>(b.agenda.size() - b.agenda_head));
  return text;
}

}  // namespace

std::string TextOf(World& world, const executor::AttemptName& attempt) {
  return absl::StrCat(world.NameOf(attempt.execution), "/", attempt.step, " #", attempt.attempt);
}

void Oracle::Broken(const Uuid& id, const std::string& what) {
  world_.Broken(world_.NameOf(id) + ": " + what);
}

bool Oracle::Forged(const json::Value& output) {
  return output.is_object() && output.Find("forged") != nullptr;
}

void Oracle::Fold(const Uuid& id, Record& record, const Event& event, UnixMicros database_now) {
  if (world_.settings.tell) {
    if (event.sequence == 1) {
      world_.Tell("   ", world_.NameOf(id), ": 1 ExecutionStarted");
    } else {
      std::string line = engine::testing::Describe(record.state, event);
      line.pop_back();
      world_.Tell("   ", world_.NameOf(id), ":", line);
    }
  }
  if (event.sequence != record.state.sequence + 1) Broken(id, "the journal has a gap or a double");
  if (record.state.over()) Broken(id, "an event after the end");
  if (event.time < record.last_time) Broken(id, "time runs back");
  if (event.time > database_now && !world_.postgres->clock_went_back()) {
    Broken(id, "an event from the future");
  }
  record.last_time = event.time;
  if (WronglyMourns(record, event) && !world_.postgres->WasRefused(id)) {
    Broken(id, "is told that a child was refused which completed");
  }
  if (auto attempt = EndedBy(event); attempt && !record.ended.insert(*attempt).second) {
    Broken(id, absl::StrCat("a second transition of ",
                            engine::StepKey(record.state, attempt->first), " #", attempt->second));
  }
  if (const auto* scheduled = std::get_if<engine::StepScheduled>(&event.body)) {
    if (scheduled->offer != nullptr &&
        record.keys.emplace(scheduled->step, scheduled->offer->idempotency_key).first->second !=
            scheduled->offer->idempotency_key) {
      Broken(id, "a second effect key");
    }
  }
  if (const auto* signal = std::get_if<engine::SignalReceived>(&event.body)) {
    if (!record.signals.insert(signal->id).second) Broken(id, "a signal counts twice");
  }
  if (const auto* undone = std::get_if<engine::StepCompensated>(&event.body)) {
    CheckUndone(id, record, undone->step);
  }
  if (const auto* completed = std::get_if<engine::StepCompleted>(&event.body)) {
    if (Forged(completed->output)) Broken(id, "a forged result counts");
    record.completed[completed->step] = event.sequence;
  }
  if (const auto* rebased = std::get_if<engine::ExecutionRebased>(&event.body)) {
    Rebased(record, *rebased);
  }
  engine::Apply(record.state, event);
  if (const auto* started = std::get_if<engine::UnwindingStarted>(&event.body)) {
    const std::vector<StepRef>& in_hand = record.state.unwindings[started->target].in_hand;
    record.inherited[started->target] = {in_hand.begin(), in_hand.end()};
    record.undone.erase(started->target);
  }
}

// Whether a step fails because its child's start was refused, which was not.
bool Oracle::WronglyMourns(const Record& record, const Event& event) const {
  const engine::Error* error = nullptr;
  if (const auto* e = std::get_if<engine::StepFailed>(&event.body)) error = &e->error;
  if (const auto* e = std::get_if<engine::AttemptFailed>(&event.body)) error = &e->error;
  if (error == nullptr || error->reason != "EXECUTION_REFUSED") return false;
  auto wait = record.state.waits.find(*engine::StepOf(event));
  if (wait == record.state.waits.end()) return false;
  auto child = records_.find(wait->second.child);
  return child != records_.end() && child->second.state.phase == engine::Phase::kCompleted;
}

// From here on steps are numbered by another plan.
void Oracle::Rebased(Record& record, const engine::ExecutionRebased& rebased) {
  if (rebased.kind == engine::ExecutionRebased::Kind::kRehome) world_.Count("execution rehomed");
  if (rebased.kind != engine::ExecutionRebased::Kind::kMigrate) return;
  world_.Count("execution migrated");
  for (StepRef ref : engine::ListSteps(record.state)) {
    const engine::Step& step = record.state.step(ref);
    if (step.offer == nullptr) continue;
    uint32_t& last = record.left[engine::StepKey(record.state, ref)];
    last = std::max(last, step.attempt);
  }
  record.state.plan = PlanOf(rebased.plan_hash);
  record.ended.clear();
  record.keys.clear();
  record.completed.clear();
  record.undone.clear();
  record.inherited.clear();
}

// Whatever completed last is undone first.
void Oracle::CheckUndone(const Uuid& id, Record& record, StepRef step) {
  world_.Count("step compensated");
  for (const auto& [target, unwinding] : record.state.unwindings) {
    if (std::find(unwinding.in_hand.begin(), unwinding.in_hand.end(), step) ==
        unwinding.in_hand.end()) {
      continue;
    }
    if (record.inherited[target].erase(step) > 0) return;
    auto [last, fresh] = record.undone.emplace(target, UINT64_MAX);
    if (record.completed[step] > last->second) {
      Broken(id, engine::StepKey(record.state, step) + " is undone too late");
    }
    last->second = record.completed[step];
    return;
  }
  Broken(id, engine::StepKey(record.state, step) + " is undone in no unwinding");
}

void Oracle::Committed(const std::string& owner, const std::vector<executor::WritePtr>& writes,
                       UnixMicros database_now) {
  for (const executor::WritePtr& write : writes) {
    const Uuid& id = write->facts->id;
    Record& record = records_[id];
    if (record.state.plan == nullptr) {
      record.state.plan = PlanOf(write->facts->content_hash);
      record.tenant = write->facts->tenant;
      auto expected = expected_.find(id);
      if (expected == expected_.end() || expected->second != record.tenant) {
        Broken(id, "committed in the name of tenant " + record.tenant);
      }
    }
    absl::StatusOr<std::vector<Event>> events = engine::DecodeEvents(write->events);
    if (!events.ok()) return Broken(id, "a record cannot be read");
    std::set<StepRef> ended;
    for (const Event& event : *events) {
      if (engine::IsVolatile(event)) Broken(id, "a volatile event in the journal");
      Fold(id, record, event, database_now);
      if (world_.broken()) return;
      if (Ends(event)) ended.insert(*engine::StepOf(event));
      if (std::holds_alternative<engine::ExecutionRebased>(event.body)) ended.clear();
    }
    CheckWrite(id, record, *write);
    if (world_.broken()) return;
    CheckChange(id, record, *write, ended);
    auto lane = world_.postgres->rows().lanes.find(LaneOf(id));
    written_[lane->second].insert(id);
  }
  ++transactions_;
  CheckKeys(writes);
  CheckLimits(writes);
  for (const executor::WritePtr& write : writes) CheckFamily(write->facts->id);
}

// Never more executions and sections at a key than it has places.
void Oracle::CheckKeys(const std::vector<executor::WritePtr>& writes) {
  for (const executor::WritePtr& write : writes) {
    Record& record = records_[write->facts->id];
    for (const auto& [key, places] : record.held) holders_[{record.tenant, key}] -= places;
    record.held.clear();
  }
  for (const executor::WritePtr& write : writes) {
    Record& record = records_[write->facts->id];
    for (const engine::Action& action : engine::Outstanding(record.state)) {
      const auto* key = std::get_if<engine::AcquireKey>(&action.body);
      if (key == nullptr || !key->held) continue;
      world_.Count("place at a key");
      ++record.held[key->key];
      const int holders = ++holders_[{record.tenant, key->key}];
      if (holders > static_cast<int>(key->limit) && !Split()) {
        Broken(write->facts->id, "more places are taken at key " + key->key + " than it has");
      }
    }
  }
}

// Whether a batch may have been written in parts, because the database refused a part of it: then
// what belongs together is not one commit.
bool Oracle::Split() const {
  return world_.postgres->refused_any();
}

// What a child is and what its parent knows of it are one commit.
void Oracle::CheckFamily(const Uuid& id) {
  const engine::ExecutionState& state = records_[id].state;
  for (const auto& [step, wait] : state.waits) {
    if (!wait.child.IsNil() && !records_.contains(wait.child) && !Split()) {
      Broken(id, "waits for a child that is not committed");
    }
  }
  if (state.over() && !Split()) {
    for (const Uuid& child : records_[id].children) {
      // In the same commit, unless it is still to be read back or undoes what it did.
      if (!records_[child].state.over()) records_[child].unwanted = true;
    }
  }
  if (records_[id].unwanted && state.phase == engine::Phase::kCompleted) {
    Broken(id, "completes, although its parent is over");
  }
  const engine::Parent& parent = state.start->parent;
  if (parent.execution.IsNil()) return;
  const auto [first, fresh] =
      children_.try_emplace({parent.execution, parent.step, parent.attempt}, id);
  if (first->second != id) Broken(parent.execution, "has started a child twice");
  if (parent.detached) return;
  records_[parent.execution].children.insert(id);
  if (!state.over()) return;
  world_.Count("child ended");
  const engine::ExecutionState& above = records_[parent.execution].state;
  for (const auto& [step, wait] : above.waits) {
    if (wait.child == id && !Split()) Broken(parent.execution, "does not hear of its child's end");
  }
}

bool Oracle::OneMind() const {
  return world_.profile.executors == 1 && world_.profile.committers == 1 &&
         world_.executors[0]->life() == 1 && world_.profile.write_refused == 0 &&
         world_.postgres->rows().owners.at({world_.executors[0]->name(), 0}).fence.epoch == 1;
}

// What a tenant may have, and who of those that wait comes first.
void Oracle::CheckLimits(const std::vector<executor::WritePtr>& writes) {
  const executor::TenantLimits& limits = world_.profile.limits;
  std::vector<Uuid> admitted;
  for (const executor::WritePtr& write : writes) {
    const Uuid& id = write->facts->id;
    Record& record = records_[id];
    const engine::ExecutionState& state = record.state;
    if (state.start->parent.depth > 0) continue;
    const bool queued = (state.holds & engine::kHoldAdmission) != 0 && !state.over();
    if (queued && record.queued_since == 0) {
      world_.Count("execution queued by a limit");
      record.queued_since = transactions_;
      ++open_[record.tenant];
    }
    if (!queued && std::exchange(record.queued_since, 0) != 0) {
      --open_[record.tenant];
      if (!state.over()) admitted.push_back(id);
    }
    const bool counts = !queued && !state.over();
    if (counts != std::exchange(record.counts, counts)) {
      running_[record.tenant] += counts ? 1 : -1;
      open_[record.tenant] += counts ? 1 : -1;
    }
  }
  if (!OneMind()) return;
  for (const executor::WritePtr& write : writes) {
    const std::string& tenant = write->facts->tenant;
    if (limits.running_executions > 0 && running_[tenant] > limits.running_executions) {
      Broken(write->facts->id, "more executions run than the tenant may have");
    }
    if (limits.live_executions > 0 && open_[tenant] > limits.live_executions) {
      Broken(write->facts->id, "more executions are open than the tenant may have");
    }
  }
  for (const Uuid& id : admitted) {
    const Record& record = records_[id];
    for (const auto& [other, waiting] : records_) {
      if (waiting.queued_since == 0 || waiting.queued_since == transactions_) continue;
      if (waiting.tenant == record.tenant &&
          waiting.state.start->priority < record.state.start->priority) {
        Broken(id, "begins before " + world_.NameOf(other) + ", which comes first");
      }
    }
  }
}

void Oracle::CheckWrite(const Uuid& id, Record& record, const ExecutionWrite& write) {
  const executor::MemoryDatabase& rows = world_.postgres->rows();
  const engine::ExecutionState& state = record.state;
  if (state.start == nullptr) return Broken(id, "rows without a beginning");
  if (!write.events.empty() && write.last_sequence != static_cast<int64_t>(state.sequence)) {
    Broken(id, "a row's last sequence is not its last event's");
  }
  if (write.state != static_cast<int16_t>(engine::PhaseOf(state))) {
    Broken(id, absl::StrCat("its row says ", write.state, ", its journal ",
                            std::string(engine::Name(engine::PhaseOf(state)))));
  }
  if (rows.live.contains(id) == state.over()) Broken(id, "a live row does not fit the journal");
  if (rows.closed.contains(id) != state.over()) Broken(id, "a closed row does not fit the journal");
  if (write.snapshot) {
    absl::StatusOr<engine::ExecutionState> restored =
        engine::DecodeState(state.plan, *write.snapshot);
    if (!restored.ok() || !engine::testing::Same(*restored, state)) {
      Broken(id, "a snapshot is not what the journal says");
    }
    world_.Count("snapshot");
  }
  const int32_t before = std::exchange(record.start_day, write.facts->start_day);
  if (write.rehomed != (before != 0 && before != record.start_day)) {
    Broken(id, "its journal lies on another day than its rows say");
  }
  if (write.rehomed && !write.snapshot && !state.over()) {
    Broken(id, "its journal begins anew, but not with a state");
  }
  if (state.over() && !write.body_hash.empty()) world_.Count("started and over in one batch");
}

// The feed tells of everything that ended, with the states that the journal has.
void Oracle::CheckChange(const Uuid& id, const Record& record, const ExecutionWrite& write,
                         const std::set<StepRef>& ended) {
  internal::executor::v1::ExecutionChange change;
  if (write.change.empty() || !change.ParseFromString(write.change)) {
    return Broken(id, "nothing about a commit in the feed");
  }
  const engine::ExecutionState& state = record.state;
  if (change.tenant() != record.tenant || change.execution_id() != id.ToString()) {
    Broken(id, "the feed names somebody else");
  }
  if (change.last_sequence() != static_cast<int64_t>(state.sequence)) {
    Broken(id, "the feed is at another sequence than the journal");
  }
  if (change.state() != engine::Name(engine::PhaseOf(state)))
    Broken(id, "the feed's state is wrong");
  std::set<std::pair<std::string, std::string>> told;
  for (const auto& step : change.steps()) told.insert({step.node(), step.iteration()});
  for (const StepRef& ref : ended) {
    const engine::StepView view = engine::View(state, ref);
    if (!told.contains({std::string(view.node), view.iteration})) {
      Broken(id, "the feed does not tell of " + std::string(view.node));
    }
  }
}

std::vector<Uuid> Oracle::TakeWritten(const std::string& owner, int committer) {
  const std::set<Uuid> written = std::exchange(written_[{owner, committer}], {});
  return {written.begin(), written.end()};
}

void Oracle::CheckMemory(const Uuid& id, const engine::ExecutionState* state,
                         const std::vector<executor::ClaimBoard::Claim>& claims) {
  const engine::ExecutionState& committed = records_.at(id).state;
  if (state == nullptr) {
    if (committed.over() && !claims.empty()) {
      Broken(id,
             "a claim outlives its execution: " + engine::StepKey(committed, claims.front().step));
    }
    return;
  }
  if (state->sequence != committed.sequence) return;  // the next batch is being made
  if (!engine::testing::Same(*state, committed)) {
    Broken(id, "memory differs from the journal:" + Difference(*state, committed) + "\n" +
                   engine::testing::Describe(*state) + "--- the journal:\n" +
                   engine::testing::Describe(committed));
  }
  for (const executor::ClaimBoard::Claim& claim : claims) {
    if (!state->HasStep(claim.step)) continue;
    const engine::Step& step = state->step(claim.step);
    if (step.state != engine::StepState::kRunning || step.attempt != claim.attempt) {
      Broken(id, "a claim outlives its attempt");
    }
  }
}

void Oracle::Decided(const engine::ExecutionState& state, const engine::Command& command,
                     const engine::Decision& decision) {
  if (world_.settings.tell) {
    for (const Event& event : decision.events) {
      if (!engine::IsVolatile(event)) continue;
      std::string line = engine::testing::Describe(state, event);
      line.pop_back();
      world_.Tell("   ", world_.NameOf(state.start->id), ": in memory", line);
    }
    for (const engine::Action& action : decision.actions) {
      std::string line = engine::testing::Describe(state, action);
      line.pop_back();
      world_.Tell("   ", world_.NameOf(state.start->id), ": decided", line);
    }
  }
  const std::string broken = engine::testing::BrokenInvariant(state, decision);
  if (!broken.empty()) Broken(state.start->id, "the engine: " + broken);
}

const engine::ExecutionState* Oracle::Find(const Uuid& id) const {
  auto it = records_.find(id);
  return it == records_.end() ? nullptr : &it->second.state;
}

bool Oracle::Over(const Uuid& id) const {
  const engine::ExecutionState* state = Find(id);
  return state != nullptr && state->over();
}

std::string Oracle::TenantOf(const Uuid& id) const {
  auto it = records_.find(id);
  return it == records_.end() ? "" : it->second.tenant;
}

bool Oracle::HasSignal(const Uuid& id, const std::string& signal) const {
  auto it = records_.find(id);
  return it != records_.end() && it->second.signals.contains(signal);
}

std::vector<Uuid> Oracle::All() const {
  std::vector<Uuid> all;
  for (const auto& [id, record] : records_) all.push_back(id);
  return all;
}

std::string Oracle::Describe(const Uuid& id) const {
  const engine::ExecutionState* state = Find(id);
  return state == nullptr ? "" : engine::testing::Describe(*state);
}

bool Oracle::Knows(const engine::ExecutionState* state, const executor::AttemptName& attempt) {
  if (state == nullptr || state->over() || state->start == nullptr) return false;
  absl::StatusOr<StepRef> ref = engine::FindStep(*state, attempt.step);
  if (!ref.ok()) return false;
  const engine::Step& step = state->step(*ref);
  const bool open =
      step.state == engine::StepState::kReady || step.state == engine::StepState::kRunning;
  return open && step.attempt == attempt.attempt;
}

std::string Oracle::WrongOffer(const Record& record, const executor::TaskOffer& task) const {
  absl::StatusOr<StepRef> ref = engine::FindStep(record.state, task.attempt.step);
  if (!ref.ok()) return "a step is offered before its commit";
  const engine::Step& step = record.state.step(*ref);
  if (step.attempt < task.attempt.attempt || step.offer == nullptr) {
    return "offered before its commit";
  }
  if (step.offer->idempotency_key != task.offer->idempotency_key) {
    return "offered under another effect key";
  }
  if (!(step.offer->input == task.offer->input)) return "offered with another input";
  if (step.attempt == task.attempt.attempt && !engine::IsOver(step.state) &&
      step.ready_at > world_.postgres->Now() && !world_.postgres->clock_went_back()) {
    return "offered before its time";
  }
  return "";
}

void Oracle::Offered(const std::string& executor, const executor::TaskOffer& task) {
  world_.Count("offer");
  const Uuid& id = task.attempt.execution;
  if (world_.postgres->TakenFrom(LaneOf(id), executor)) {
    world_.Count("offer by one that was fenced out");
    world_.Tell("   whose lane is another's");
  }
  auto it = records_.find(id);
  if (it == records_.end()) return Broken(id, "offered before the execution was committed");
  const Record& record = it->second;
  if (task.attempt.tenant != record.tenant) Broken(id, "offered to another tenant");
  const std::string wrong = WrongOffer(record, task);
  if (wrong.empty()) return;
  auto left = record.left.find(task.attempt.step);
  if (left != record.left.end() && task.attempt.attempt <= left->second) {
    return world_.Count("offer of a step that left");
  }
  Broken(id, wrong + ": " + TextOf(world_, task.attempt));
}

void Oracle::Acknowledged(const executor::AttemptName& attempt) {
  world_.Count("acknowledgement");
  const Uuid& id = attempt.execution;
  auto it = records_.find(id);
  if (it == records_.end() || it->second.tenant != attempt.tenant) return;
  // Its data was refused, so the execution is ended by force.
  if (world_.postgres->WasRefused(id)) return;
  if (Knows(&it->second.state, attempt)) {
    Broken(id, "acknowledged before its commit: " + TextOf(world_, attempt));
  }
}

}  // namespace agentflow::sim
