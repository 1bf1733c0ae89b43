#include "tests/sim/client.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "tests/sim/oracle.h"
#include "tests/sim/postgres.h"

namespace agentflow::sim {
namespace {

constexpr int64_t kTimeout = 5'000'000;

}  // namespace

Client::StartPtr Client::NewStart(int number) {
  Dice& dice = world_.dice;
  auto start = std::make_shared<Start>();
  start->number = number;
  start->tenant = absl::StrCat("t", dice.Roll(static_cast<uint64_t>(world_.profile.tenants)));
  const std::string hash =
      absl::StrCat("plan-", dice.Roll(static_cast<uint64_t>(world_.profile.graphs)));
  start->plan = world_.oracle->PlanOf(hash);
  start->input = json::Object{{"x", dice.Between(0, 20)}, {"n", int64_t{number}}};
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
  const Uuid id = info->id;
  world_.oracle->Expect(id, start->tenant);
  if (world_.Happens(world_.profile.write_refused)) world_.postgres->Refuse(id);
  executor::StartItem item{.plan = start->plan, .info = info, .body_hash = start->body_hash};
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
  if (!world_.dice.Chance(world_.profile.cancels)) return;
  auto cancel = std::make_shared<Cancel>();
  cancel->id = id;
  cancel->foreign = world_.dice.Chance(world_.profile.cancel_foreign);
  cancel->tenant = cancel->foreign ? "somebody" : start->tenant;
  cancels_.push_back(cancel);
  world_.schedule.After(world_.Delay(1'000'000), [this, cancel] { Send(cancel); });
}

void Client::Send(const CancelPtr& cancel) {
  const int tries = ++cancel->tries;
  auto again = [this, cancel](int64_t after) {
    world_.schedule.After(after, [this, cancel] {
      if (!cancel->answered) Send(cancel);
    });
  };
  ExecutorProcess* executor = ExecutorFor(cancel->id);
  if (executor == nullptr) return again(world_.Delay(300'000));
  executor->Later(world_.Delay(world_.profile.net_micros), [this, executor, cancel, again] {
    world_.Tell("client cancels ", world_.NameOf(cancel->id), " at ", executor->name());
    executor::CommandItem item{
        .execution = cancel->id,
        .tenant = cancel->tenant,
        .principal = "users/1",
        .make = [](const engine::ExecutionState&) { return engine::CancelExecution{"by chance"}; },
        .done =
            [this, cancel, again](auto view) {
              Answered(cancel, view.status());
              if (!cancel->answered) again(world_.Delay(200'000));
            }};
    if (!executor->PostCommand(std::move(item)).ok()) again(world_.Delay(200'000));
  });
  world_.schedule.After(kTimeout, [this, cancel, tries, again] {
    if (!cancel->answered && cancel->tries == tries) again(0);
  });
}

void Client::Answered(const CancelPtr& cancel, const absl::Status& status) {
  world_.Tell("client hears about the cancel of ", world_.NameOf(cancel->id), ": ",
              status.ok() ? "done" : ReasonOf(status));
  if (cancel->answered || ReasonOf(status) == "LANE_MOVED") return;
  cancel->answered = true;
  if (cancel->foreign) {
    if (status.ok()) world_.Broken(world_.NameOf(cancel->id) + ": cancelled by another tenant");
    return;
  }
  if (status.ok() || ReasonOf(status) == "EXECUTION_OVER") {
    if (!world_.oracle->Over(cancel->id)) {
      world_.Broken(world_.NameOf(cancel->id) + ": said to be over before that was committed");
    }
  } else if (ReasonOf(status) != "EXECUTION_REFUSED") {
    world_.Broken(world_.NameOf(cancel->id) + ": a cancel ended with " + ReasonOf(status));
  }
}

std::string Client::AtRest() {
  for (const StartPtr& start : starts_) {
    if (!start->answered && !start->request_id.empty()) {
      return "start " + start->request_id + " was not answered";
    }
  }
  for (const CancelPtr& cancel : cancels_) {
    if (!cancel->answered)
      return "the cancel of " + world_.NameOf(cancel->id) + " was not answered";
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
