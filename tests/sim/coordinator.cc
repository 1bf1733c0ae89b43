#include "tests/sim/coordinator.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "services/coordinator/client/queued_task.h"
#include "services/coordinator/tasks/fetcher.h"
#include "tests/sim/graphs.h"
#include "tests/sim/oracle.h"

namespace agentflow::sim {
namespace {

using coordinator::AttemptId;

constexpr int64_t kTick = 500'000;
constexpr int kTicksPerBeat = 2;
constexpr int64_t kOrphanMicros = 5'000'000;
constexpr coordinator::HubOptions kHubOptions{.reconnect_grace_ms = 2000, .lease_ms = 3000};

executor::AttemptName ToName(const AttemptId& id) {
  return {.tenant = id.tenant,
          .execution = *Uuid::Parse(id.execution_id),
          .step = id.step,
          .attempt = static_cast<uint32_t>(id.attempt)};
}

AttemptId ToId(const executor::AttemptName& name) {
  return {name.tenant, name.execution.ToString(), name.step, static_cast<int>(name.attempt)};
}

Reports::Result ToReport(const coordinator::Result& result, const std::string& coordinator) {
  Reports::Result report{.token = result.token};
  report.item = {.attempt = ToName(result.id),
                 .coordinator = coordinator,
                 .failed = result.outcome.failed,
                 .reason = result.outcome.reason,
                 .message = result.outcome.message,
                 .retryable = result.outcome.retryable};
  if (!result.outcome.failed) report.item.output = *json::Parse(result.outcome.output_json);
  return report;
}

}  // namespace

// ---- workers

namespace {

class Port final : public coordinator::WorkerPort {
 public:
  Port(World& world, Coordinator& process, Worker& worker)
      : world_(world), process_(process), worker_(worker) {}
  void SendTasks(const std::vector<coordinator::Task>& tasks) override {
    Send([this, tasks] {
      for (const coordinator::Task& task : tasks) worker_.Take(task);
    });
  }
  void SendCancel(const AttemptId& id, std::string_view reason) override {
    Send([this, id] { worker_.TakeBack(id); });
  }
  void SendAcknowledged(const AttemptId& id) override {
    Send([this, id] { worker_.Acknowledged(id); });
  }
  void SendRefused(const AttemptId& id, std::string_view) override { SendAcknowledged(id); }
  void SendDrain() override {}

 private:
  void Send(std::function<void()> run) {
    until_ = std::max(until_ + 1, world_.schedule.now() + world_.Delay(200));
    // The port outlives its stream: what was sent still arrives.
    process_.Later(until_ - world_.schedule.now(),
                   [self = alive_, run = std::move(run)] { run(); });
  }
  World& world_;
  Coordinator& process_;
  Worker& worker_;
  int64_t until_ = 0;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

Worker::Worker(World& world, Coordinator& coordinator, std::string tenant, std::string name)
    : world_(world),
      coordinator_(coordinator),
      tenant_(std::move(tenant)),
      name_(std::move(name)) {}

void Worker::Connect() {
  coordinator::WorkerHello hello{.worker_id = name_,
                                 .agents = {"worker", "other"},
                                 .capacity = world_.profile.capacity,
                                 .client = "sim"};
  for (const auto& [id, task] : held_) hello.held.push_back({.id = id});
  coordinator::Hub& hub = coordinator_.hub();
  session_ = hub.Connect(tenant_, hello, std::make_shared<Port>(world_, coordinator_, *this),
                         coordinator_.now_ms());
  std::vector<coordinator::Result> results;
  for (const auto& [id, result] : results_) results.push_back(result);
  if (!results.empty()) hub.Finish(session_, std::move(results), coordinator_.now_ms());
  hub.AddCredit(session_, world_.profile.capacity - static_cast<int>(held_.size()));
  // Whatever ran when its coordinator died has lost its end with it.
  for (const auto& [id, task] : held_) {
    coordinator_.Later(world_.Delay(200'000), [this, id = id] {
      auto held = held_.find(id);
      if (held != held_.end()) Answer(coordinator::Task(held->second));
    });
  }
  coordinator_.Wake();
  Beat(session_);
}

void Worker::Break() {
  if (session_ == 0) return;
  world_.Count("worker's stream broke");
  world_.Tell(name_, " loses its stream");
  coordinator_.hub().Disconnect(session_, coordinator_.now_ms());
  session_ = 0;
  coordinator_.Later(world_.Delay(800'000), [this] {
    if (session_ == 0) Connect();
  });
}

void Worker::Orphan() {
  session_ = 0;
  if (world_.dice.Chance(0.5)) held_.clear();
}

void Worker::Beat(int64_t session) {
  if (session != session_) return;
  std::vector<AttemptId> held;
  for (const auto& [id, task] : held_) held.push_back(id);
  coordinator_.hub().Heartbeat(session_, held, {}, coordinator_.now_ms());
  coordinator_.Later(1'000'000, [this, session] { Beat(session); });
}

std::string Worker::AtRest() const {
  if (!held_.empty()) return name_ + " holds " + TextOf(world_, ToName(held_.begin()->first));
  if (results_.empty()) return "";
  return name_ + " still has the result of " + TextOf(world_, ToName(results_.begin()->first));
}

void Worker::Take(const coordinator::Task& task) {
  if (!held_.emplace(task.id, task).second) return;
  const Profile& p = world_.profile;
  world_.Tell(name_, " has ", TextOf(world_, ToName(task.id)));
  if (world_.Happens(p.answer_forged)) Forge(task);
  if (world_.Happens(p.task_silent)) {
    world_.Count("task forgotten");
    world_.Tell(name_, " forgets ", TextOf(world_, ToName(task.id)));
    held_.erase(task.id);
    if (session_ != 0) coordinator_.hub().AddCredit(session_, 1);
    return;
  }
  int64_t takes = world_.Delay(30'000);
  if (world_.Happens(p.task_slow)) {
    world_.Count("task slow");
    takes += world_.dice.Between(1, 8) * 1'000'000;
  }
  coordinator_.Later(takes, [this, task] {
    if (held_.contains(task.id)) Answer(task);
  });
}

void Worker::TakeBack(const AttemptId& id) {
  if (held_.erase(id) == 0) return;
  if (session_ != 0) coordinator_.hub().AddCredit(session_, 1);
  coordinator_.Wake();
}

coordinator::Outcome Worker::MakeOutcome(const coordinator::Task& task) {
  static const std::vector<std::string> kReasons = {"BAD", "HTTP_500", "HTTP_404", "TIMEOUT"};
  coordinator::Outcome outcome;
  if (world_.Happens(world_.profile.task_fails)) {
    world_.Count("task failed");
    outcome.failed = true;
    outcome.reason = world_.dice.Pick(kReasons);
    outcome.message = "no luck";
    outcome.retryable = world_.dice.Chance(0.8);
    return outcome;
  }
  if (world_.Happens(world_.profile.odd_values)) {
    world_.Count("odd value");
    outcome.output_json = json::Dump(OddValue(world_.dice));
    return outcome;
  }
  json::Object output{{"by", name_}, {"attempt", task.id.attempt}};
  if (world_.Happens(world_.profile.output_large)) output.Set("much", std::string(5000, 'x'));
  outcome.output_json = json::Dump(output);
  return outcome;
}

void Worker::Answer(const coordinator::Task& task) {
  held_.erase(task.id);
  coordinator::Result result{.id = task.id, .token = task.token, .outcome = MakeOutcome(task)};
  results_[task.id] = result;
  world_.Count("task answered");
  world_.Tell(name_, " answers ", TextOf(world_, ToName(task.id)));
  if (session_ == 0) return;  // told when it is back
  coordinator::Hub& hub = coordinator_.hub();
  hub.Finish(session_, {result}, coordinator_.now_ms());
  hub.AddCredit(session_, 1);
  if (world_.Happens(world_.profile.answer_twice)) {
    world_.Count("answered twice");
    coordinator_.Later(world_.Delay(500'000), [this, result]() mutable {
      result.outcome = MakeOutcome({.id = result.id});
      if (session_ != 0) {
        coordinator_.hub().Finish(session_, {std::move(result)}, coordinator_.now_ms());
      }
    });
  }
  coordinator_.Wake();
}

// Answers an attempt that nobody was handed, or in a way that only a liar can.
void Worker::Forge(const coordinator::Task& task) {
  world_.Count("answer forged");
  coordinator::Result result{.id = task.id, .token = task.token};
  result.outcome.output_json = R"({"forged":true})";
  switch (world_.dice.Roll(3)) {
    case 0:
      result.token[world_.dice.Roll(result.token.size())] ^= 1;
      break;
    case 1:
      result.id.attempt += static_cast<int>(world_.dice.Between(1, 2));
      break;
    default:
      result.id.step += "x";
  }
  // One who was never near the task lies at another coordinator, which does not know it.
  Coordinator& other = *world_.dice.Pick(world_.coordinators);
  Worker& liar = other.running() ? other.AnyWorker() : *this;
  liar.coordinator_.Later(world_.Delay(world_.dice.Chance(0.5) ? 5'000 : 100'000), [&liar, result] {
    Coordinator& at = liar.coordinator_;
    if (liar.session_ != 0) at.hub().Finish(liar.session_, {result}, at.now_ms());
  });
}

// ---- the process

Coordinator::Coordinator(World& world, int number)
    : world_(world), name_("c" + std::to_string(number)) {
  for (int tenant = 0; tenant < world.profile.tenants; ++tenant) {
    for (int i = 0; i < world.profile.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(world, *this, absl::StrCat("t", tenant),
                                                  absl::StrCat(name_, "w", tenant, i)));
    }
  }
}

void Coordinator::Start() {
  ++life_;
  hub_ = std::make_unique<coordinator::Hub>(*this, kHubOptions);
  owners_.assign(kLaneCount, "");
  world_.Tell(name_, " starts");
  Tick();
  for (auto& worker : workers_) {
    Later(world_.Delay(200'000), [&worker = *worker] { worker.Connect(); });
  }
}

void Coordinator::Kill() {
  world_.Count("coordinator killed");
  world_.Tell(name_, " is killed");
  ++life_;
  kept_.clear();
  paused_ = false;
  links_.clear();
  watched_.clear();
  fetch_planned_ = false;
  hub_.reset();
  for (auto& worker : workers_) worker->Orphan();
}

void Coordinator::Pause() {
  if (paused_) return;
  world_.Count("coordinator stopped");
  world_.Tell(name_, " is stopped");
  paused_ = true;
}

void Coordinator::GoOn() {
  if (!paused_) return;
  world_.Tell(name_, " goes on");
  paused_ = false;
  for (auto& run : std::exchange(kept_, {})) Later(0, std::move(run));
}

void Coordinator::Later(int64_t micros, std::function<void()> run) {
  world_.schedule.After(micros, [this, life = life_, run = std::move(run)]() mutable {
    if (life != life_) return;
    if (paused_) {
      kept_.push_back(std::move(run));
    } else {
      run();
    }
  });
}

std::string Coordinator::AtRest() {
  if (!hub_->Held([](int) { return true; }).empty()) return name_ + " holds a task";
  if (!hub_->Unacknowledged([](int) { return true; }).empty()) {
    return name_ + " keeps a result that nobody acknowledges";
  }
  for (const auto& worker : workers_) {
    if (const std::string restless = worker->AtRest(); !restless.empty()) return restless;
  }
  return "";
}

// ---- links to the executors, as in services/coordinator/client/executor_links.cc

ExecutorProcess* Coordinator::At(const std::string& address) {
  for (auto& executor : world_.executors) {
    if (executor->address() == address && executor->running()) return executor.get();
  }
  return nullptr;
}

void Coordinator::Tick() {
  Watch();
  for (auto& [address, link] : links_) {
    ExecutorProcess* executor = At(address);
    if (link.open && (executor == nullptr || executor->life() != link.life)) link.open = false;
    EnsureOpen(address);
  }
  hub_->Step(now_ms());
  if (++ticks_ % kTicksPerBeat == 0) {
    for (auto& [address, link] : links_) Heartbeat(address);
  }
  Wake();
  Later(kTick, [this] { Tick(); });
}

void Coordinator::Watch() {
  ExecutorProcess* watched = watched_.empty() ? nullptr : At(watched_);
  if (watched != nullptr && watched->life() == watched_life_) return;
  ExecutorProcess& chosen = *world_.executors[world_.dice.Roll(world_.executors.size())];
  watched_.clear();
  if (!chosen.running()) return;
  world_.Tell(name_, " watches the lane map of ", chosen.name());
  watched_ = chosen.address();
  watched_life_ = chosen.life();
  const int life = life_;
  chosen.Later(world_.Delay(world_.profile.net_micros), [this, &chosen, life] {
    chosen.Watch([this, life](const std::vector<std::string>& owners) {
      if (life != life_) return;
      map_until_ =
          std::max(map_until_ + 1, world_.schedule.now() + world_.Delay(world_.profile.net_micros));
      Later(map_until_ - world_.schedule.now(), [this, owners] { LanesChanged(owners); });
    });
  });
}

void Coordinator::LanesChanged(const std::vector<std::string>& owners) {
  std::set<std::string> gained;
  for (size_t lane = 0; lane < owners.size(); ++lane) {
    if (owners_[lane] == owners[lane]) continue;
    owners_[lane] = owners[lane];
    if (!owners[lane].empty()) gained.insert(owners[lane]);
  }
  for (const std::string& address : gained) {
    world_.Tell(name_, " learns of new lanes of ", address);
    EnsureOpen(address);
    TellAgain(address);
  }
}

void Coordinator::EnsureOpen(const std::string& address) {
  Link& link = links_[address];
  if (link.open) return;
  ExecutorProcess* executor = At(address);
  if (executor == nullptr) return;
  link.open = true;
  link.life = executor->life();
  link.number = ++last_link_;
  link.met = false;
  link.reports = {};
  TellAgain(address);
}

void Coordinator::BreakLink() {
  if (links_.empty()) return;
  world_.Count("link broke");
  auto it = links_.begin();
  std::advance(it, world_.dice.Roll(links_.size()));
  world_.Tell(name_, " loses its link to ", it->first);
  it->second.open = false;
}

void Coordinator::TellAgain(const std::string& address) {
  auto wanted = [&](int lane) { return owners_[static_cast<size_t>(lane)] == address; };
  Reports& reports = links_[address].reports;
  for (const coordinator::Claim& claim : hub_->Unconfirmed(wanted)) {
    reports.claimed.emplace_back(ToName(claim.id), claim.number);
  }
  for (const AttemptId& id : hub_->Held(wanted)) reports.held.push_back(ToName(id));
  for (const coordinator::Result& result : hub_->Unacknowledged(wanted)) {
    reports.results.push_back(ToReport(result, name_));
  }
  Flush(address);
}

void Coordinator::Heartbeat(const std::string& address) {
  auto wanted = [&](int lane) { return owners_[static_cast<size_t>(lane)] == address; };
  Reports& reports = links_[address].reports;
  reports.claimed.clear();
  reports.held.clear();
  for (const coordinator::Claim& claim : hub_->Unconfirmed(wanted)) {
    reports.claimed.emplace_back(ToName(claim.id), claim.number);
  }
  for (const AttemptId& id : hub_->Held(wanted)) reports.held.push_back(ToName(id));
  Flush(address);
}

void Coordinator::Collect(const AttemptId& id, const std::function<void(Reports&)>& add) {
  const std::string& address = owners_[static_cast<size_t>(LaneOf(id))];
  auto link = links_.find(address);
  if (link == links_.end()) return;
  add(link->second.reports);
  Flush(address);
}

void Coordinator::Claimed(const coordinator::Claim& claim) {
  Collect(claim.id,
          [&](Reports& reports) { reports.claimed.emplace_back(ToName(claim.id), claim.number); });
}

void Coordinator::Finished(const coordinator::Result& result) {
  Collect(result.id, [&](Reports& reports) { reports.results.push_back(ToReport(result, name_)); });
}

void Coordinator::Flush(const std::string& address) {
  Link& link = links_[address];
  if (!link.open) return;
  ExecutorProcess* executor = At(address);
  if (executor == nullptr || executor->life() != link.life) return;
  if (link.reports.claimed.empty() && link.reports.held.empty() && link.reports.results.empty()) {
    return;
  }
  link.out_until =
      std::max(link.out_until + 1, world_.schedule.now() + world_.Delay(world_.profile.net_micros));
  auto valid = [this, address, life = life_, number = link.number] {
    if (life != life_) return false;
    auto it = links_.find(address);
    return it != links_.end() && it->second.open && it->second.number == number;
  };
  executor->Later(link.out_until - world_.schedule.now(),
                  [this, executor, valid, address, reports = std::exchange(link.reports, {})] {
                    if (!valid()) return;
                    if (!std::exchange(links_[address].met, true)) {
                      executor->OpenLink(name_,
                                         [this, valid, address](const executor::Orders& orders) {
                                           if (valid()) Receive(address, orders, valid);
                                         });
                    }
                    executor->Take(name_, reports);
                  });
}

void Coordinator::Receive(const std::string& address, const executor::Orders& orders,
                          const std::function<bool()>& valid) {
  Link& link = links_[address];
  link.in_until =
      std::max(link.in_until + 1, world_.schedule.now() + world_.Delay(world_.profile.net_micros));
  Later(link.in_until - world_.schedule.now(), [this, valid, orders] {
    if (valid()) Obey(orders);
  });
}

void Coordinator::Obey(const executor::Orders& orders) {
  for (const auto& [attempt, claim] : orders.claimed) hub_->Confirmed({ToId(attempt), claim});
  for (const auto& attempt : orders.drop) hub_->Dropped(ToId(attempt));
  for (const auto& attempt : orders.acknowledged) hub_->Acknowledged(ToId(attempt));
  for (const auto& attempt : orders.late) hub_->Late(ToId(attempt));
  for (const auto& [attempt, token] : orders.refused) hub_->Refused(ToId(attempt), token);
  for (const auto& cancel : orders.cancel) hub_->Cancel(ToId(cancel.attempt), cancel.reason);
}

// ---- queues, as in services/coordinator/tasks/fetcher.cc

void Coordinator::Wake() {
  if (fetch_planned_ || hub_ == nullptr) return;
  fetch_planned_ = true;
  Later(world_.Delay(500), [this] {
    fetch_planned_ = false;
    Fetch();
  });
}

void Coordinator::Fetch() {
  if (world_.redis->away()) return;  // the next tick tries again
  DeleteSpent();
  for (const coordinator::Demand& demand : hub_->CurrentDemand()) {
    size_t left = static_cast<size_t>(demand.tasks);
    for (int priority = 1; priority <= 5 && left > 0; ++priority) {
      const std::string stream = coordinator::TaskStream(demand.tenant, demand.agent, priority);
      std::vector<Redis::Entry> entries =
          world_.redis->TakeOver(stream, name_, kOrphanMicros, left);
      const std::vector<Redis::Entry> fresh =
          world_.redis->Read(stream, name_, left - entries.size());
      entries.insert(entries.end(), fresh.begin(), fresh.end());
      left -= entries.size();
      if (entries.empty()) continue;
      // The answer is on its way; who read it may die meanwhile.
      Later(world_.Delay(300), [this, stream, entries] { HandOut(stream, entries); });
    }
  }
}

void Coordinator::HandOut(const std::string& stream, const std::vector<Redis::Entry>& entries) {
  std::vector<coordinator::Task> tasks;
  std::map<AttemptId, std::string> bodies;
  for (const Redis::Entry& entry : entries) {
    std::optional<coordinator::Task> task = coordinator::DecodeQueuedTask(entry.body);
    if (!task) return world_.Broken("a queue entry cannot be read");
    task->entry = {stream, std::to_string(entry.id)};
    bodies[task->id] = entry.body;
    tasks.push_back(*std::move(task));
  }
  const std::vector<coordinator::Task> left = hub_->Offer(std::move(tasks), now_ms());
  for (const coordinator::Task& task : left) {
    world_.redis->Add(stream, bodies[task.id]);
    world_.redis->Delete(task.entry);
  }
  DeleteSpent();
}

void Coordinator::DeleteSpent() {
  for (const coordinator::QueueEntry& entry : hub_->TakeSpent()) world_.redis->Delete(entry);
}

}  // namespace agentflow::sim
