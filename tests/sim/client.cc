#include "tests/sim/client.h"

#include <algorithm>
#include <set>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/rebase.h"
#include "tests/sim/graphs.h"
#include "tests/sim/oracle.h"
#include "tests/sim/postgres.h"

namespace agentflow::sim {
namespace {

constexpr int64_t kTimeout = 5'000'000;
constexpr size_t kOverTheLimit = 5000;

}  // namespace

Client::StartPtr Client::NewStart(int number) {
  Dice& dice = world_.dice;
  auto start = std::make_shared<Start>();
  start->number = number;
  start->tenant = absl::StrCat("t", dice.Roll(static_cast<uint64_t>(world_.profile.tenants)));
  const std::string hash =
      absl::StrCat("plan-", dice.Roll(static_cast<uint64_t>(world_.profile.graphs)));
  start->plan = world_.oracle->PlanOf(hash);
  json::Object input{{"x", dice.Between(0, 20)}, {"n", int64_t{number}}, {"key", "e"}};
  if (dice.Chance(world_.profile.odd_values)) input.Set("odd", OddValue(dice));
  if (dice.Chance(world_.profile.large_values)) {
    input.Set("much", std::string(kOverTheLimit, 'x'));
  }
  start->input = std::move(input);
  start->large = TooLarge(start->input);
  start->strict = dice.Chance(0.1);
  start->priority = static_cast<int32_t>(dice.Between(1, 5));
  if (dice.Chance(0.6)) {
    start->request_id = absl::StrCat("r", number);
    start->body_hash = absl::StrCat("hash-", number);
  }
  return start;
}

void Client::Plan() {
  Dice& dice = world_.dice;
  const Profile& p = world_.profile;
  world_.schedule.After(500'000, [this] { Tend(); });
  for (int i = 0; i < p.starts; ++i) {
    StartPtr start = NewStart(i);
    starts_.push_back(start);
    const int64_t at = dice.Between(0, p.busy_micros);
    world_.schedule.After(at, [this, start] { Send(start); });
    if (start->request_id.empty()) continue;
    // The same request id for another request: whichever comes first counts.
    if (dice.Chance(p.call_changed)) {
      auto changed = std::make_shared<Start>(*start);
      changed->body_hash += "-changed";
      changed->altered = true;
      starts_.push_back(changed);
      world_.schedule.After(at + dice.Between(-500, 2000) * 1000,
                            [this, changed] { Send(changed); });
    }
    if (dice.Chance(p.call_again)) {
      auto again = std::make_shared<Start>(*start);
      starts_.push_back(again);
      world_.schedule.After(at + world_.Delay(200'000), [this, again] { Send(again); });
    }
  }
}

ExecutorProcess* Client::AnyExecutor() {
  ExecutorProcess& chosen = *world_.executors[world_.dice.Roll(world_.executors.size())];
  return chosen.running() ? &chosen : nullptr;
}

// By the lane map of some executor, which may be an old one.
ExecutorProcess* Client::ExecutorFor(const Uuid& id) {
  if (world_.Happens(world_.profile.call_astray)) return AnyExecutor();
  ExecutorProcess* knows = AnyExecutor();
  if (knows == nullptr) return nullptr;
  const std::string address = knows->Addresses()[static_cast<size_t>(LaneOf(id))];
  for (auto& executor : world_.executors) {
    if (executor->address() == address && executor->running()) return executor.get();
  }
  return nullptr;
}

void Client::Again(const StartPtr& start, int64_t after) {
  world_.schedule.After(after, [this, start] { Send(start); });
}

void Client::Send(const StartPtr& start) {
  if (start->answered) return;
  const int tries = ++start->tries;
  ExecutorProcess* executor =
      start->request_id.empty()
          ? AnyExecutor()
          : ExecutorFor(ExecutionIdForRequest(start->tenant, start->request_id));
  if (executor == nullptr) return Again(start, world_.Delay(300'000));
  executor->Later(world_.Delay(world_.profile.net_micros),
                  [this, executor, start] { SendTo(*executor, start); });
  // No answer within the deadline: whether it began is not known.
  world_.schedule.After(kTimeout, [this, start, tries] {
    if (start->answered || start->tries != tries) return;
    world_.Count("call timed out");
    Again(start, world_.Delay(50'000));
  });
}

// What services/executor/rpc/starter.cc does once version, plan and quota are known.
void Client::SendTo(ExecutorProcess& executor, const StartPtr& start) {
  auto info = std::make_shared<engine::StartInfo>();
  executor::Router& router = executor.router();
  const bool named = !start->request_id.empty();
  if (named) {
    info->id = ExecutionIdForRequest(start->tenant, start->request_id);
    if (!router.Owns(LaneOf(info->id))) return Again(start, world_.Delay(200'000));
  }
  const absl::StatusOr<executor::TenantLoad::Place> place =
      executor.load().Admit(start->tenant, world_.profile.limits, world_.schedule.now());
  if (!place.ok()) {
    world_.Count("start over the limit");
    return Again(start, world_.Delay(500'000));
  }
  const int lane = named ? LaneOf(info->id) : router.AnyLane();
  if (lane < 0) {
    executor.load().Release(start->tenant, *place);
    return Again(start, world_.Delay(200'000));
  }
  if (!named) info->id = MakeExecutionId(executor.Now() / 1000, lane, world_.dice);
  info->tenant = start->tenant;
  info->principal = "users/1";
  info->workflow = start->plan->workflow;
  info->version = 1;
  info->plan_hash = start->plan->hash;
  info->priority = start->priority;
  info->input = start->input;
  info->strict = start->strict;
  info->queued = *place == executor::TenantLoad::Place::kQueued;
  info->request_id = start->request_id;
  info->origin = start->origin;
  const Uuid id = info->id;
  const auto fork = ForkOf(*start, info);
  if (!fork.ok()) {
    world_.Count("fork refused");
    executor.load().Release(start->tenant, *place);
    start->answered = true;
    return;
  }
  world_.oracle->Expect(id, start->tenant);
  if (world_.Happens(world_.profile.write_refused)) world_.postgres->Refuse(id);
  executor::StartItem item{
      .plan = start->plan, .info = info, .body_hash = start->body_hash, .fork = *fork};
  item.done = [this, start, id](absl::StatusOr<executor::StartAnswer> answer) {
    if (world_.Happens(world_.profile.call_lost)) {
      world_.Count("answer lost");
      return;
    }
    world_.schedule.After(
        world_.Delay(world_.profile.net_micros),
        [this, start, id, answer = std::move(answer)] { Answered(start, id, answer); });
  };
  world_.Tell("client starts ", world_.NameOf(id), " (", start->plan->hash, ", ",
              named ? start->request_id : "no request id", ") at ", executor.name());
  const absl::Status posted = executor.PostStart(std::move(item));
  if (posted.ok()) return;
  if (ReasonOf(posted) == "EXECUTOR_BUSY") world_.Count("executor busy");
  Again(start, world_.Delay(200'000));
}

absl::StatusOr<std::shared_ptr<const engine::ExecutionState>> Client::ForkOf(
    const Start& start, const std::shared_ptr<const engine::StartInfo>& info) const {
  if (start.history.empty()) return nullptr;
  AF_ASSIGN_OR_RETURN(
      engine::ExecutionState state,
      engine::Fork(start.plan, start.history, start.origin.sequence, {.info = info}));
  return std::make_shared<const engine::ExecutionState>(std::move(state));
}

// As services/executor/rpc/forks.cc does it: from what is committed.
void Client::Fork(const StartPtr& start, const Uuid& source) {
  auto fork = std::make_shared<Start>(*start);
  for (const auto& row : world_.postgres->rows().journal[source]) {
    const auto events = engine::DecodeEvents(row.events);
    fork->history.insert(fork->history.end(), events->begin(), events->end());
  }
  fork->number = static_cast<int>(starts_.size());
  fork->request_id = absl::StrCat("r", fork->number);
  fork->body_hash = absl::StrCat("hash-", fork->number);
  fork->answered = false;
  fork->tries = 0;
  fork->plan = world_.oracle->PlanOf(engine::PlanHashOf(fork->history));
  fork->origin = {.kind = engine::Origin::Kind::kRetry, .execution = source.ToString()};
  const auto retry = engine::RetryPoint(fork->plan, fork->history);
  const auto checkpoints = engine::Checkpoints(fork->plan, fork->history);
  if (retry.ok() && world_.dice.Chance(0.5)) {
    world_.Count("retried execution");
    fork->origin.sequence = *retry;
  } else if (!checkpoints.empty()) {
    world_.Count("forked execution");
    fork->origin.kind = engine::Origin::Kind::kFork;
    fork->origin.sequence = world_.dice.Pick(checkpoints).sequence;
  } else {
    return;
  }
  world_.Tell("client forks ", world_.NameOf(source), " at ", fork->origin.sequence);
  starts_.push_back(fork);
  Send(fork);
}

bool Client::TooLarge(const json::Value& value) const {
  return value.ByteSize() > world_.profile.options.limits.value_bytes;
}

json::Value Client::Payload() {
  Dice& dice = world_.dice;
  if (dice.Chance(world_.profile.large_values)) return std::string(kOverTheLimit, 'x');
  if (dice.Chance(world_.profile.odd_values)) return OddValue(dice);
  return dice.Between(0, 3);
}

void Client::Answered(const StartPtr& start, const Uuid& id,
                      const absl::StatusOr<executor::StartAnswer>& answer) {
  world_.Tell("client hears about ", world_.NameOf(id), ": ",
              !answer.ok()      ? ReasonOf(answer.status())
              : answer->existed ? "existed"
                                : "started");
  if (start->answered) return;
  const executor::MemoryDatabase& rows = world_.postgres->rows();
  if (answer.ok()) return Known(start, id);
  const std::string reason = ReasonOf(answer.status());
  if (reason == "REQUEST_ID_REUSED") {
    start->answered = true;
    auto key = rows.start_keys.find(id);
    if (key == rows.start_keys.end()) {
      world_.Broken(world_.NameOf(id) + ": a request id is said to be used that is not");
    } else if (key->second == start->body_hash) {
      world_.Broken(world_.NameOf(id) + ": the same request is said to be another");
    }
  } else if (reason == "VALUE_TOO_LARGE") {
    start->answered = true;
    world_.Count("input over the limit");
    if (!start->large) world_.Broken(world_.NameOf(id) + ": its input is said to be too large");
  } else if (reason == "EXECUTION_REFUSED") {
    start->answered = true;
    if (!world_.postgres->WasRefused(id)) {
      world_.Broken(world_.NameOf(id) + ": refused for no fault of its data");
    }
  } else {
    // Without a request id the client cannot know whether it runs, and leaves it at that.
    if (start->request_id.empty()) {
      start->answered = true;
    } else {
      Again(start, world_.Delay(300'000));
    }
  }
}

void Client::Known(const StartPtr& start, const Uuid& id) {
  start->answered = true;
  if (start->large) world_.Broken(world_.NameOf(id) + ": an input over the limit is taken");
  if (world_.oracle->Find(id) == nullptr) {
    return world_.Broken(world_.NameOf(id) + ": acknowledged before it was committed");
  }
  auto [it, fresh] = acknowledged_.emplace(id, start);
  if (!fresh && (it->second->number != start->number || start->request_id.empty())) {
    world_.Broken(world_.NameOf(id) + ": one execution for two starts");
  }
  if (!start->request_id.empty()) {
    const auto& keys = world_.postgres->rows().start_keys;
    auto key = keys.find(id);
    if (key == keys.end() || key->second != start->body_hash) {
      world_.Broken(world_.NameOf(id) + ": acknowledged, but its request id is not stored");
    }
  }
  Steer(start, id);
}

// What people and programs do to an execution that they have started.
void Client::Steer(const StartPtr& start, const Uuid& id) {
  Dice& dice = world_.dice;
  const Profile& p = world_.profile;
  Order order{.id = id, .tenant = start->tenant};
  if (dice.Chance(p.cancels)) {
    order.foreign = dice.Chance(p.cancel_foreign);
    if (order.foreign) order.tenant = "somebody";
    order.compensate = dice.Chance(0.5);
    Give(order, world_.Delay(1'000'000));
  }
  order = {.kind = Order::Kind::kPause, .id = id, .tenant = start->tenant};
  while (dice.Chance(p.order_pauses)) {
    order.kind = Order::Kind::kPause;
    const int64_t after = world_.Delay(1'000'000);
    Give(order, after);
    order.kind = Order::Kind::kResume;
    Give(order, after + world_.Delay(2'000'000));
  }
  order.kind = Order::Kind::kSignal;
  while (dice.Chance(p.order_signals)) Give(order, world_.Delay(1'500'000));
  if (dice.Chance(p.order_moves)) {
    order.kind = Order::Kind::kMigrate;
    Give(order, world_.Delay(1'500'000));
  }
  if (start->history.empty() && dice.Chance(p.order_forks)) {
    world_.schedule.After(world_.Delay(3'000'000), [this, start, id] { Fork(start, id); });
  }
}

void Client::Give(Order order, int64_t after) {
  auto given = std::make_shared<Order>(std::move(order));
  if (given->kind == Order::Kind::kSignal) {
    given->signal = absl::StrCat("s", ++signals_);
    given->payload = Payload();
  }
  orders_.push_back(given);
  world_.schedule.After(after, [this, given] { Send(given); });
  if (given->kind != Order::Kind::kSignal || !world_.Happens(world_.profile.order_again)) return;
  world_.Count("signal told twice");
  auto again = std::make_shared<Order>(*given);
  orders_.push_back(again);
  world_.schedule.After(after + world_.Delay(300'000), [this, again] { Send(again); });
}

namespace {

// Lets the steps that are held go on in one of three ways.
engine::ResumeExecution ResumeOf(const engine::ExecutionState& state, int64_t choice) {
  using Kind = engine::HeldDecision::Kind;
  engine::ResumeExecution resume;
  for (const engine::StepRef& ref : engine::ListSteps(state)) {
    if (!state.step(ref).held || choice == 0) continue;
    resume.decisions[engine::StepKey(state, ref)] = {
        .kind = choice == 1 ? Kind::kFail : Kind::kComplete, .output = 5};
  }
  return resume;
}

// The first that is open.
std::optional<engine::StepRef> OpenApprovalOf(const engine::ExecutionState& state) {
  for (const engine::Action& action : engine::Outstanding(state)) {
    if (const auto* open = std::get_if<engine::OpenApproval>(&action.body)) return open->step;
  }
  return std::nullopt;
}

}  // namespace

void Client::Send(const OrderPtr& order) {
  const int tries = ++order->tries;
  auto again = [this, order](int64_t after) {
    world_.schedule.After(after, [this, order] {
      if (!order->answered) Send(order);
    });
  };
  ExecutorProcess* executor = ExecutorFor(order->id);
  if (executor == nullptr) return again(world_.Delay(300'000));
  auto make = [this, order, approved = world_.dice.Chance(0.8),
               payload = world_.dice.Between(0, 3)](
                  const engine::ExecutionState& state) -> absl::StatusOr<engine::CommandBody> {
    switch (order->kind) {
      case Order::Kind::kCancel:
        return engine::CancelExecution{"by chance", order->compensate};
      case Order::Kind::kPause:
        return engine::PauseExecution{"by chance"};
      case Order::Kind::kResume:
        return ResumeOf(state, payload);
      case Order::Kind::kSignal:
        return engine::SignalExecution{"a", order->payload, order->signal};
      case Order::Kind::kGrant:
        return engine::KeyGranted{};
      case Order::Kind::kMigrate: {
        const Oracle::Next* next = world_.oracle->NextOf(state.plan->hash);
        if (next == nullptr) return engine::Continue{};
        return engine::MigrateExecution{world_.oracle->PlanOf(next->hash), next->mapping, 2};
      }
      case Order::Kind::kDecide:
        return engine::DecideApproval{
            OpenApprovalOf(state).value_or(engine::StepRef()), approved, "users/ann", "", {}};
    }
    return engine::Continue{};
  };
  executor->Later(world_.Delay(world_.profile.net_micros), [this, executor, order, again, make] {
    world_.Tell("client gives order ", static_cast<int>(order->kind), " to ",
                world_.NameOf(order->id), " at ", executor->name());
    executor::CommandItem item{.execution = order->id,
                               .tenant = order->tenant,
                               .principal = "users/1",
                               .make = make,
                               .done = [this, order, again](auto view) {
                                 Answered(order, view.status());
                                 if (!order->answered) again(world_.Delay(200'000));
                               }};
    if (!executor->PostCommand(std::move(item)).ok()) again(world_.Delay(200'000));
  });
  world_.schedule.After(kTimeout, [this, order, tries, again] {
    if (!order->answered && order->tries == tries) again(0);
  });
}

void Client::Answered(const OrderPtr& order, const absl::Status& status) {
  world_.Tell("client hears about order ", static_cast<int>(order->kind), " to ",
              world_.NameOf(order->id), ": ", status.ok() ? "done" : ReasonOf(status));
  const std::string reason = ReasonOf(status);
  if (order->answered || reason == "LANE_MOVED") return;
  order->answered = true;
  if (order->foreign) {
    if (status.ok()) world_.Broken(world_.NameOf(order->id) + ": cancelled by another tenant");
    return;
  }
  if (status.ok()) return Done(*order);
  if (reason == "EXECUTION_OVER") {
    if (!world_.oracle->Over(order->id)) {
      world_.Broken(world_.NameOf(order->id) + ": said to be over before that was committed");
    }
    return;
  }
  if (reason == "VALUE_TOO_LARGE" && TooLarge(order->payload)) {
    world_.Count("payload over the limit");
    return;
  }
  if (order->kind == Order::Kind::kMigrate && reason.starts_with("MIGRATION_")) return;
  static const std::set<std::string> kRefusals = {
      "EXECUTION_REFUSED", "EXECUTION_PAUSED", "EXECUTION_NOT_PAUSED", "EXECUTION_COMPENSATING",
      "STEP_OVER",         "STEP_UNKNOWN",     "APPROVAL_NOT_OPEN"};
  if (!kRefusals.contains(reason)) {
    world_.Broken(world_.NameOf(order->id) + ": an order ended with " + reason);
  }
}

// An order that was carried out is in the journal by now.
void Client::Done(const Order& order) {
  world_.Count("order carried out");
  const engine::ExecutionState* state = world_.oracle->Find(order.id);
  if (order.kind == Order::Kind::kCancel && !state->over() &&
      state->phase != engine::Phase::kCompensating) {
    world_.Broken(world_.NameOf(order.id) + ": cancelled before that was committed");
  }
  if (order.kind == Order::Kind::kDecide) world_.Count("approval decided");
  if (order.kind == Order::Kind::kSignal && !world_.oracle->HasSignal(order.id, order.signal)) {
    world_.Broken(world_.NameOf(order.id) + ": a signal was answered before it was committed");
  }
}

void Client::Tend() {
  for (const auto& [id, row] : world_.postgres->rows().live) {
    if (!world_.calm() && world_.dice.Chance(0.7)) continue;
    const engine::ExecutionState* state = world_.oracle->Find(id);
    Order order{.id = id, .tenant = row.facts.tenant};
    if (world_.Has(Bug::kPlaceGivenTwice) && state->holds == engine::kHoldKey) {
      order.kind = Order::Kind::kGrant;
    } else if (state->paused) {
      order.kind = Order::Kind::kResume;
    } else if (OpenApprovalOf(*state)) {
      order.kind = Order::Kind::kDecide;
    } else if (!state->listeners.empty()) {
      order.kind = Order::Kind::kSignal;
    } else {
      continue;
    }
    Give(order, world_.Delay(100'000));
  }
  world_.schedule.After(1'000'000, [this] { Tend(); });
}

std::string Client::AtRest() {
  for (const StartPtr& start : starts_) {
    if (!start->answered && !start->request_id.empty()) {
      return "start " + start->request_id + " was not answered";
    }
  }
  for (const OrderPtr& order : orders_) {
    if (!order->answered) return "an order to " + world_.NameOf(order->id) + " was not answered";
  }
  return "";
}

void Client::CheckLedger() {
  std::map<std::string, int> by_request;
  for (const Uuid& id : world_.oracle->All()) {
    const engine::ExecutionState* state = world_.oracle->Find(id);
    if (state->start == nullptr || state->start->request_id.empty()) continue;
    if (++by_request[state->start->tenant + "/" + state->start->request_id] > 1) {
      world_.Broken(world_.NameOf(id) + ": two executions of one request");
    }
  }
  for (const auto& [id, start] : acknowledged_) {
    const engine::ExecutionState* state = world_.oracle->Find(id);
    if (state == nullptr) {
      world_.Broken(world_.NameOf(id) + ": an acknowledged start is lost");
    } else if (!(state->start->input == start->input) || state->start->tenant != start->tenant) {
      world_.Broken(world_.NameOf(id) + ": another start than was acknowledged");
    }
  }
}

}  // namespace agentflow::sim
