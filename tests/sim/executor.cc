#include "tests/sim/executor.h"

#include <algorithm>
#include <limits>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "tests/sim/engine_bugs.h"
#include "tests/sim/oracle.h"

namespace agentflow::sim {
namespace {

using executor::AttemptName;
using executor::Committer;

constexpr int64_t kLookAfterFailure = 500'000;
constexpr int64_t kLongestSleep = 1'000'000;

// The machine's clocks: the wall's may be wrong and jump, the other starts anywhere.
class MachineClock final : public Clock {
 public:
  MachineClock(World& world, int64_t wall, int64_t boot) : wall(wall), world_(world), boot_(boot) {}
  UnixMicros Now() const override { return world_.schedule.now() + wall; }
  int64_t Monotonic() const override { return world_.schedule.now() - boot_; }
  // When the schedule reaches a monotonic time.
  int64_t Moment(int64_t monotonic) const { return monotonic + boot_; }

  int64_t wall;

 private:
  World& world_;
  const int64_t boot_;
};

// Plans come from the designer or the database, and take their time.
class SimPlans final : public executor::Plans {
 public:
  SimPlans(World& world, ExecutorProcess& process, std::function<void()> arrived)
      : world_(world), process_(process), arrived_(std::move(arrived)) {}

  engine::PlanPtr FindOrFetch(const std::string& tenant, const std::string& hash) override {
    auto [it, fresh] = plans_.try_emplace({tenant, hash});
    if (fresh) {
      int64_t takes = world_.Delay(2000);
      if (world_.Happens(world_.profile.plans_away)) {
        world_.Count("plan late");
        takes += world_.dice.Between(10, 5000) * 1000;
      }
      process_.Later(takes, [this, tenant, hash] {
        plans_[{tenant, hash}] = world_.oracle->PlanOf(hash);
        arrived_();
      });
    }
    return it->second;
  }

 private:
  World& world_;
  ExecutorProcess& process_;
  const std::function<void()> arrived_;
  std::map<std::pair<std::string, std::string>, engine::PlanPtr> plans_;
};

}  // namespace

// executor::OutsideDispatch, with somebody who looks at everything that goes out.
class SimDispatch final : public executor::Dispatch {
 public:
  SimDispatch(World& world, const std::string& name, executor::Links& links, QueueSender& sender)
      : world_(world), name_(name), links_(links), sender_(sender) {}

  void Offer(std::vector<executor::TaskOffer> tasks) override {
    // A hash table decides about their order, with another seed in every process.
    std::sort(tasks.begin(), tasks.end(),
              [](const auto& a, const auto& b) { return a.attempt < b.attempt; });
    std::vector<executor::QueuedTask> queued;
    for (executor::TaskOffer& task : tasks) {
      if (world_.Has(Bug::kTenantsMixed) && world_.profile.tenants > 1) task.attempt.tenant = "t0";
      world_.Tell(name_, " offers ", TextOf(world_, task.attempt));
      world_.oracle->Offered(name_, task);
      if (world_.Has(Bug::kOfferLost) && world_.Happens(0.1)) continue;
      queued.push_back(ToQueued(task, world_.tokens));
    }
    sender_.Add(std::move(queued));
  }
  void Drop(const std::string& coordinator, const AttemptName& attempt) override {
    world_.Count("claim refused");
    world_.Tell(name_, " to ", coordinator, ": drop ", TextOf(world_, attempt));
    links_.Collect(coordinator, [&](executor::Orders& orders) { orders.drop.push_back(attempt); });
  }
  void Claimed(const std::string& coordinator, const AttemptName& attempt, int64_t claim) override {
    world_.Tell(name_, " to ", coordinator, ": claimed ", TextOf(world_, attempt));
    links_.Collect(coordinator,
                   [&](executor::Orders& orders) { orders.claimed.emplace_back(attempt, claim); });
  }
  void Acknowledge(const std::string& coordinator, const AttemptName& attempt) override {
    world_.Tell(name_, " to ", coordinator, ": acknowledged ", TextOf(world_, attempt));
    world_.oracle->Acknowledged(attempt);
    links_.Collect(coordinator,
                   [&](executor::Orders& orders) { orders.acknowledged.push_back(attempt); });
  }
  void Late(const std::string& coordinator, const AttemptName& attempt) override {
    world_.Count("result of an earlier attempt");
    world_.Tell(name_, " to ", coordinator, ": late ", TextOf(world_, attempt));
    world_.oracle->Acknowledged(attempt);
    links_.Collect(coordinator, [&](executor::Orders& orders) { orders.late.push_back(attempt); });
  }
  void Cancel(const std::string& coordinator, const AttemptName& attempt,
              const std::string& reason) override {
    world_.Count("task taken back");
    world_.Tell(name_, " to ", coordinator, ": cancel ", TextOf(world_, attempt));
    links_.Collect(coordinator, [&](executor::Orders& orders) {
      orders.cancel.push_back({attempt, reason});
    });
  }
  void Flush() override { links_.Flush(); }

 private:
  World& world_;
  const std::string& name_;
  executor::Links& links_;
  QueueSender& sender_;
};

// The other executors: who died a moment ago or does not answer, and now and then somebody who is
// well.
class SimPeers final : public executor::Peers {
 public:
  SimPeers(World& world, const std::string& name) : world_(world), name_(name) {}

  void Follow(const std::map<std::string, std::string>& others) override {}
  executor::Suspects Suspected() override {
    executor::Suspects suspects;
    for (auto& other : world_.executors) {
      if (other->name() == name_) continue;
      const bool silent = !other->running() || other->paused();
      const bool seen = silent && world_.dice.Chance(0.7);
      if (seen || world_.Happens(world_.profile.suspicions)) {
        suspects.silent.push_back(other->name());
      } else if (world_.Happens(world_.profile.suspicions / 10)) {
        suspects.slow.push_back(other->name());
      }
    }
    return suspects;
  }
  void Tell(const std::string& address, const std::vector<int>& lanes) override {
    for (auto& other : world_.executors) {
      if (other->address() == address && other->running() && world_.dice.Chance(0.8)) {
        other->Later(world_.Delay(world_.profile.net_micros),
                     [&other = *other] { other.LookSoon(); });
      }
    }
  }

 private:
  World& world_;
  const std::string& name_;
};

struct ExecutorProcess::Parts {
  Parts(World& world, ExecutorProcess& process)
      : clock(world,
              world.profile.wall_clock_jumps > 0 ? world.dice.Between(-5000, 5000) * 1000 : 0,
              static_cast<int64_t>(world.dice.Roll(1'000'000'000'000))),
        database_clock(clock),
        sender(
            world, [&process](int64_t micros, auto run) { process.Later(micros, std::move(run)); },
            [this] {
              for (auto& committer : committers) (void)committer->Post(executor::ReofferItem{});
            }),
        dispatch(world, process.name_, links, sender),
        plans(world, process,
              [this, &process] {
                for (size_t i = 0; i < committers.size(); ++i) process.Wake(i);
              }),
        table(world, process.name_, world.profile.committers, process.address()),
        peers(world, process.name_) {}

  MachineClock clock;
  executor::DatabaseClock database_clock;
  executor::TenantLoad load;
  executor::ClaimBoard board;
  executor::Links links;
  QueueSender sender;
  SimDispatch dispatch;
  SimPlans plans;
  SimLaneTable table;
  SimPeers peers;
  std::vector<std::unique_ptr<Dice>> randoms;
  std::vector<std::unique_ptr<SimStore>> stores;
  std::vector<std::unique_ptr<Committer>> committers;
  std::unique_ptr<executor::Router> router;
  std::unique_ptr<executor::LaneKeeper> keeper;

  std::vector<int64_t> planned;  // when each committer steps next
  std::vector<int64_t> batches;  // of each, as seen last
  std::vector<std::function<void(const std::vector<std::string>&)>> watchers;
  std::vector<std::string> published;  // addresses by lane
  int64_t look_at = INT64_MAX;
  std::map<uint64_t, std::string> unanswered;
  uint64_t calls = 0;
  const std::shared_ptr<int> alive = std::make_shared<int>(0);
};

ExecutorProcess::ExecutorProcess(World& world, int number)
    : world_(world), name_("x" + std::to_string(number)) {}

ExecutorProcess::~ExecutorProcess() {
  Kill();
}

void ExecutorProcess::Start() {
  ++life_;
  paused_ = draining_ = leaving_ = false;
  parts_ = std::make_unique<Parts>(world_, *this);
  Parts& p = *parts_;
  executor::CommitterOptions options = world_.profile.options;
  if (world_.Has(Bug::kLeaseNeverExpires)) options.task_lease = int64_t{1} << 50;
  std::vector<Committer*> pointers;
  for (size_t i = 0; i < static_cast<size_t>(world_.profile.committers); ++i) {
    auto wake = [this, i] { Wake(i); };
    p.planned.push_back(INT64_MAX);
    p.batches.push_back(0);
    p.randoms.push_back(std::make_unique<Dice>(world_.dice.Next()));
    p.stores.push_back(std::make_unique<SimStore>(world_, name_, static_cast<int>(i), wake));
    p.committers.push_back(std::make_unique<Committer>(
        executor::CommitterParts{
            .store = *p.stores.back(),
            .clock = p.database_clock,
            .random = *p.randoms.back(),
            .dispatch = p.dispatch,
            .plans = p.plans,
            .load = p.load,
            .board = p.board,
            .answer =
                [this](std::vector<std::function<void()>> answers) {
                  Later(world_.Delay(100), [answers = std::move(answers)] {
                    for (const auto& answer : answers) answer();
                  });
                },
            .start_child =
                [this](executor::ChildRequest request) {
                  Later(world_.Delay(2000),
                        [this, request = std::move(request)] { StartChild(request); });
                },
            .wake = wake,
            .published = [] {},
            .limits =
                [this](const std::string&) {
                  return world_.Has(Bug::kLimitNotKept) ? executor::TenantLimits()
                                                        : world_.profile.limits;
                },
            .advance =
                [this](engine::ExecutionState& state, const engine::Command& command,
                       const engine::Limits& limits) { return Advance(state, command, limits); },
            .lanes_changed = [this] { LookSoon(); },
            .mail_sent = [this](const std::vector<int>& lanes) { SendMail(lanes); }},
        options));
    pointers.push_back(p.committers.back().get());
  }
  p.router = std::make_unique<executor::Router>(pointers);
  auto restart = [this](const std::vector<int64_t>& epochs) {
    for (size_t i = 0; i < parts_->committers.size(); ++i) {
      Committer& committer = *parts_->committers[i];
      if (!committer.lost()) committer.Abandon();
      committer.Reset(epochs[i]);
      Wake(i);
    }
  };
  auto publish = [this](const std::vector<std::string>& addresses, UnixMicros) {
    if (std::exchange(parts_->published, addresses) == addresses) return;
    for (const auto& watcher : parts_->watchers) watcher(addresses);
  };
  p.keeper = std::make_unique<executor::LaneKeeper>(executor::LaneKeeper::Parts{
      .owner = name_,
      .table = p.table,
      .committers = pointers,
      .restart = restart,
      .owning =
          [this](size_t lanes) { parts_->load.SetShare(static_cast<double>(lanes) / kLaneCount); },
      .publish = publish,
      .peers = &p.peers,
      .renew_within = world_.profile.peer_silence > 0 ? world_.profile.peer_silence / 3
                                                      : std::numeric_limits<int64_t>::max(),
      .look_every = world_.dice.Between(500, 3000) * 1000,
      .settle = world_.dice.Chance(0.5) ? 500'000 : 0});
  world_.Tell(name_, " starts");
  StepKeeper();
  p.sender.Look();
}

void ExecutorProcess::Kill() {
  if (parts_ == nullptr) return;
  ++life_;
  kept_.clear();
  paused_ = false;
  // Whatever its objects still say while they go is said to nobody.
  std::unique_ptr<Parts> dying = std::move(parts_);
  // The server sees its connections break.
  world_.schedule.After(world_.Delay(5000), [this, life = life_] {
    if (life != life_) return;
    for (auto& [key, owner] : world_.postgres->rows().owners) {
      if (key.first == name_) owner.connected = false;
    }
  });
}

void ExecutorProcess::Pause() {
  if (parts_ == nullptr || paused_) return;
  world_.Count("executor stopped");
  world_.Tell(name_, " is stopped");
  paused_ = true;
}

void ExecutorProcess::GoOn() {
  if (parts_ == nullptr || !paused_) return;
  world_.Tell(name_, " goes on");
  paused_ = false;
  for (auto& run : std::exchange(kept_, {})) Later(0, std::move(run));
}

void ExecutorProcess::Later(int64_t micros, std::function<void()> run) {
  world_.schedule.After(micros, [this, life = life_, run = std::move(run)]() mutable {
    if (life != life_) return;
    if (paused_) {
      kept_.push_back(std::move(run));
    } else {
      run();
    }
  });
}

void ExecutorProcess::Wake(size_t committer) {
  StepAt(committer, world_.schedule.now() + world_.Delay(world_.profile.step_micros));
}

void ExecutorProcess::StepAt(size_t committer, int64_t time) {
  if (parts_ == nullptr || parts_->planned[committer] <= time) return;
  parts_->planned[committer] = time;
  Later(time - world_.schedule.now(), [this, committer, time] {
    if (parts_->planned[committer] == time) Step(committer);
  });
}

void ExecutorProcess::Step(size_t index) {
  Parts& p = *parts_;
  Committer& committer = *p.committers[index];
  p.planned[index] = INT64_MAX;
  const bool moved = committer.Step();
  if (committer.stats().batches != p.batches[index]) {
    p.batches[index] = committer.stats().batches;
    CheckMemory(index);
  }
  if (moved) return Wake(index);
  const int64_t now = world_.schedule.now();
  const int64_t wake_at = committer.WakeAt();
  int64_t next = now + kLongestSleep;
  if (wake_at < p.clock.Monotonic() + kLongestSleep) next = p.clock.Moment(wake_at);
  if (next <= now) world_.Count("woken for nothing");
  StepAt(index, std::max(next, now + 1000));
}

void ExecutorProcess::StepKeeper() {
  if (draining_) return;
  Parts& p = *parts_;
  p.look_at = INT64_MAX;
  const absl::StatusOr<int64_t> next = p.keeper->Step();
  LookAt(world_.schedule.now() + std::max<int64_t>(1000, next.value_or(kLookAfterFailure)));
}

void ExecutorProcess::LookAt(int64_t time) {
  if (parts_ == nullptr || parts_->look_at <= time) return;
  parts_->look_at = time;
  Later(time - world_.schedule.now(), [this, time] {
    if (parts_->look_at == time) StepKeeper();
  });
}

void ExecutorProcess::LookSoon() {
  LookAt(world_.schedule.now() + world_.Delay(500));
}

// As services/executor/app.cc asks for it each day.
void ExecutorProcess::Rehome(int today) {
  if (parts_ == nullptr) return;
  Later(0, [this, today] {
    for (size_t i = 0; i < parts_->committers.size(); ++i) {
      parts_->committers[i]->Rehome(today);
      Wake(i);
    }
  });
}

void ExecutorProcess::Mail(const std::vector<int>& lanes) {
  parts_->router->MailCame(lanes);
}

// Whoever owns these lanes hears of it, or finds the messages by itself.
void ExecutorProcess::SendMail(const std::vector<int>& lanes) {
  const std::vector<std::string> addresses = Addresses();
  for (int lane : parts_->router->MailCame(lanes)) {
    if (world_.Happens(world_.profile.call_lost)) continue;
    for (auto& other : world_.executors) {
      if (other->address() != addresses[static_cast<size_t>(lane)] || !other->running()) continue;
      world_.Count("mail between executors");
      other->Later(world_.Delay(world_.profile.net_micros),
                   [&other = *other, lane] { other.Mail({lane}); });
    }
  }
}

// What the lanes believe is what the database holds.
void ExecutorProcess::CheckMemory(size_t index) {
  Parts& p = *parts_;
  int64_t live = 0;
  for (const auto& committer : p.committers) live += committer->stats().live;
  if (p.load.live() < live) world_.Broken("more executions are in memory than are counted");
  const std::vector<Uuid> written = world_.oracle->TakeWritten(name_, static_cast<int>(index));
  // One that was fenced out and does not know it yet may believe what it likes.
  const auto& owner = world_.postgres->rows().owners[{name_, static_cast<int>(index)}];
  if (owner.fence.epoch != p.committers[index]->fence().epoch) return;
  for (const Uuid& id : written) {
    world_.oracle->CheckMemory(id, p.committers[index]->Find(id), p.board.Of(id));
  }
}

absl::StatusOr<engine::Decision> ExecutorProcess::Advance(engine::ExecutionState& state,
                                                          const engine::Command& command,
                                                          const engine::Limits& limits) {
  const bool over = state.over();
  absl::StatusOr<engine::Decision> decision =
      engine::Advance(state, WithBugs(world_, command), limits);
  if (!decision.ok()) return decision;
  if (over && !decision->events.empty()) world_.Broken("an execution that is over went on");
  world_.oracle->Decided(state, command, *decision);
  AddBugs(world_, state, command, &*decision);
  if (world_.Has(Bug::kOfferBeforeCommit)) {
    for (const engine::Action& action : decision->actions) {
      const auto* offer = std::get_if<engine::OfferTask>(&action.body);
      if (offer == nullptr) continue;
      parts_->dispatch.Offer({{.attempt = {.tenant = state.start->tenant,
                                           .execution = state.start->id,
                                           .step = engine::StepKey(state, offer->step),
                                           .attempt = offer->attempt},
                               .offer = offer->offer,
                               .start = state.start,
                               .deadline = offer->deadline}});
    }
  }
  return decision;
}

void ExecutorProcess::Drain(std::function<void()> over) {
  if (parts_ == nullptr || paused_ || std::exchange(leaving_, true)) return;
  world_.Count("executor drained");
  world_.Tell(name_, " drains");
  if (parts_->keeper->has_others()) parts_->keeper->Drain();
  LookSoon();
  DrainStep(world_.schedule.now() + 3'000'000, std::move(over));
}

void ExecutorProcess::DrainStep(int64_t deadline, std::function<void()> over) {
  Parts& p = *parts_;
  const bool idle = std::all_of(p.committers.begin(), p.committers.end(),
                                [](const auto& committer) { return committer->Idle(); });
  const bool handing = p.keeper->has_others() && p.load.live() > 0;
  if ((!idle || handing) && world_.schedule.now() < deadline) {
    return Later(5000, [this, deadline, over] { DrainStep(deadline, over); });
  }
  draining_ = true;
  (void)p.keeper->Release();
  for (auto& committer : p.committers) committer->Abandon();
  if (!p.unanswered.empty()) {
    Later(100'000, [this] {
      if (!parts_->unanswered.empty()) {
        world_.Broken("drained without an answer: " + parts_->unanswered.begin()->second);
      }
    });
  }
  Later(200'000, [this, over] {
    Kill();
    over();
  });
}

executor::Router& ExecutorProcess::router() {
  return *parts_->router;
}
executor::TenantLoad& ExecutorProcess::load() {
  return parts_->load;
}
UnixMicros ExecutorProcess::Now() const {
  return parts_->database_clock.Now();
}
std::vector<std::string> ExecutorProcess::Addresses() const {
  return parts_->keeper->Addresses();
}

// Calls back once, and not after the process's death.
template <typename Answer>
std::function<void(Answer)> Once(World& world, std::map<uint64_t, std::string>& unanswered,
                                 uint64_t number, std::weak_ptr<int> alive,
                                 std::function<void(Answer)> done) {
  return [&world, &unanswered, number, alive = std::move(alive),
          done = std::move(done)](Answer answer) {
    if (alive.expired()) return;
    if (unanswered.erase(number) == 0) return world.Broken("a caller was answered twice");
    done(std::move(answer));
  };
}

absl::Status ExecutorProcess::PostStart(executor::StartItem item) {
  Parts& p = *parts_;
  const std::string tenant = item.info->tenant;
  const executor::TenantLoad::Place place = item.info->queued
                                                ? executor::TenantLoad::Place::kQueued
                                                : executor::TenantLoad::Place::kRunning;
  const uint64_t number = ++p.calls;
  using Answer = absl::StatusOr<executor::StartAnswer>;
  const std::weak_ptr<int> alive = p.alive;
  item.done = Once<Answer>(world_, p.unanswered, number, alive, std::move(item.done));
  if (world_.Has(Bug::kStartAnsweredEarly)) {
    p.unanswered[number] = "start";
    item.done(executor::StartAnswer{.view = {.start = item.info}});
    item.done = [](const Answer&) {};
  }
  executor::Item wrapped(std::move(item));
  absl::Status posted = p.router->Post(std::move(wrapped));
  if (!posted.ok()) {
    p.load.Release(tenant, place);
  } else if (!world_.Has(Bug::kStartAnsweredEarly)) {
    p.unanswered[number] = "start";
  }
  return posted;
}

absl::Status ExecutorProcess::PostCommand(executor::CommandItem item) {
  Parts& p = *parts_;
  const uint64_t number = ++p.calls;
  const std::weak_ptr<int> alive = p.alive;
  item.done = Once<absl::StatusOr<executor::ExecutionView>>(world_, p.unanswered, number, alive,
                                                            std::move(item.done));
  if (world_.Has(Bug::kTenantNotChecked)) item.tenant = world_.oracle->TenantOf(item.execution);
  absl::Status posted = p.router->Post(executor::Item(std::move(item)));
  if (posted.ok()) p.unanswered[number] = "command";
  return posted;
}

// As services/executor/rpc/child_starter.cc and starter.cc do it.
void ExecutorProcess::StartChild(const executor::ChildRequest& request) {
  world_.Count("child asked for");
  world_.Tell(name_, " starts ", world_.NameOf(request.child), " as ",
              world_.NameOf(request.parent.execution), "/", request.parent.step);
  world_.oracle->Expect(request.child, request.tenant);
  if (world_.Happens(world_.profile.child_late)) {
    return ChildAnswered(request, Unavailable("DESIGNER_AWAY", ""));
  }
  if (world_.Happens(world_.profile.child_refused)) {
    return ChildAnswered(request, NotFound("WORKFLOW_NOT_FOUND", ""));
  }
  const absl::Status posted = PostChild(request);
  if (!posted.ok()) ChildAnswered(request, posted);
}

absl::Status ExecutorProcess::PostChild(const executor::ChildRequest& request) {
  auto info = std::make_shared<engine::StartInfo>();
  info->id = request.child;
  if (world_.Has(Bug::kChildStartedTwice) && world_.dice.Chance(0.5)) {
    std::array<uint8_t, 16> other = info->id.bytes();
    other[14] ^= 1;
    info->id = Uuid(other);
    world_.oracle->Expect(info->id, request.tenant);
    if (world_.dice.Chance(0.5)) {
      ExecutorProcess::Later(1000, [this, request] { StartChild(request); });
    }
  }
  info->parent = request.parent;
  info->tenant = request.tenant;
  info->principal = request.principal;
  info->workflow = request.workflow;
  info->version = 1;
  info->plan_hash = "child";
  info->priority = request.priority;
  info->input = request.input;
  executor::StartItem item{.plan = world_.oracle->PlanOf("child"), .info = std::move(info)};
  item.done = [this, request, life = life_](const absl::StatusOr<executor::StartAnswer>& answer) {
    if (life == life_ && !answer.ok()) ChildAnswered(request, answer.status());
  };
  parts_->load.Adopt(request.tenant, executor::TenantLoad::Place::kRunning);
  return PostStart(std::move(item));
}

void ExecutorProcess::ChildAnswered(const executor::ChildRequest& request,
                                    const absl::Status& status) {
  static const std::set<std::string> kUnwanted = {
      "EXECUTION_OVER", "STEP_OVER",  "STEP_UNKNOWN",    "STEP_NOT_A_CHILD",
      "ATTEMPT_STALE",  "LANE_MOVED", "EXECUTION_EXISTS"};
  if (kUnwanted.contains(ReasonOf(status))) return;
  const engine::Parent& parent = request.parent;
  if (status.code() != absl::StatusCode::kUnavailable && ReasonOf(status) != "EXECUTOR_BUSY") {
    engine::ChildRefused refused{.attempt = parent.attempt, .error = {ReasonOf(status), "", ""}};
    executor::CommandItem item{
        .execution = parent.execution,
        .tenant = request.tenant,
        .make = [refused, key = parent.step](
                    const engine::ExecutionState& state) -> absl::StatusOr<engine::CommandBody> {
          engine::ChildRefused command = refused;
          AF_ASSIGN_OR_RETURN(command.step, engine::FindStep(state, key));
          return engine::CommandBody(command);
        },
        .done = [](const absl::StatusOr<executor::ExecutionView>&) {}};
    const absl::Status posted = PostCommand(std::move(item));
    if (posted.ok() || ReasonOf(posted) == "LANE_MOVED") return;
  }
  (void)parts_->router->Post(
      executor::ChildLaterItem{parent.execution, request.tenant, parent.step, parent.attempt});
}

uint64_t ExecutorProcess::OpenLink(const std::string& coordinator, executor::Links::Send send) {
  return parts_->links.Add(coordinator, std::move(send));
}

void ExecutorProcess::Watch(std::function<void(const std::vector<std::string>&)> watcher) {
  watcher(Addresses());
  parts_->watchers.push_back(std::move(watcher));
}

// As services/executor/rpc/dispatch_service.cc does it.
void ExecutorProcess::Take(const std::string& coordinator, const Reports& reports) {
  Parts& p = *parts_;
  for (const auto& [name, claim] : reports.claimed) {
    world_.Tell(name_, " hears from ", coordinator, ": claimed ", TextOf(world_, name));
  }
  for (const AttemptName& name : reports.held) {
    world_.Tell(name_, " hears from ", coordinator, ": held ", TextOf(world_, name));
  }
  auto post = [&](executor::Item item, const AttemptName& name) {
    if (ReasonOf(p.router->Post(std::move(item))) == "LANE_MOVED") {
      p.links.Collect(coordinator, [&](executor::Orders& orders) {
        orders.lanes_moved.insert(LaneOf(name.execution));
      });
    }
  };
  for (const auto& [name, claim] : reports.claimed) {
    post(executor::HeldItem{name, coordinator, claim}, name);
  }
  for (const AttemptName& name : reports.held) {
    post(executor::HeldItem{name, coordinator, 0}, name);
  }
  for (const Reports::Result& result : reports.results) {
    if (!world_.tokens.Check(result.item.attempt, result.token) &&
        !world_.Has(Bug::kTokenNotChecked)) {
      world_.Count("forged answer refused");
      p.links.Collect(coordinator, [&](executor::Orders& orders) {
        orders.refused.emplace_back(result.item.attempt, result.token);
      });
      continue;
    }
    if (world_.Has(Bug::kAcknowledgedBeforeCommit)) {
      p.dispatch.Acknowledge(coordinator, result.item.attempt);
    }
    executor::ResultItem item = result.item;
    post(std::move(item), result.item.attempt);
  }
  p.links.Flush();
}

std::string ExecutorProcess::AtRest() {
  if (!running()) return name_ + " does not run";
  Parts& p = *parts_;
  for (size_t i = 0; i < p.committers.size(); ++i) {
    if (!p.committers[i]->joined()) return name_ + " has not joined";
  }
  if (!p.unanswered.empty()) {
    return name_ + " has not answered a " + p.unanswered.begin()->second;
  }
  if (p.load.live() != 0) {
    return name_ + " counts " + std::to_string(p.load.live()) + " live executions";
  }
  return "";
}

}  // namespace agentflow::sim
