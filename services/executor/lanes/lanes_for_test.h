#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/engine/testing/plan_text.h"
#include "services/executor/lanes/committer.h"
#include "services/executor/lanes/lane_keeper.h"
#include "services/executor/lanes/router.h"
#include "services/executor/store/memory_store.h"

// Committers over the model of the database, in one thread.
namespace agentflow::executor {

// Collects what would go to coordinators.
class FakeDispatch final : public Dispatch {
 public:
  struct Order {
    std::string coordinator;
    AttemptName attempt;
    bool operator==(const Order&) const = default;
  };
  void Offer(std::vector<TaskOffer> tasks) override {
    for (TaskOffer& task : tasks) offers.push_back(std::move(task));
  }
  void Drop(const std::string& coordinator, const AttemptName& attempt) override {
    drops.push_back({coordinator, attempt});
  }
  void Claimed(const std::string& coordinator, const AttemptName& attempt,
               int64_t claim) override {
    claims.push_back({coordinator, attempt});
  }
  void Acknowledge(const std::string& coordinator, const AttemptName& attempt) override {
    acknowledged.push_back({coordinator, attempt});
  }
  void Late(const std::string& coordinator, const AttemptName& attempt) override {
    late.push_back({coordinator, attempt});
  }
  void Cancel(const std::string& coordinator, const AttemptName& attempt,
              const std::string& reason) override {
    cancels.push_back({coordinator, attempt});
  }

  std::deque<TaskOffer> offers;
  std::vector<Order> drops, claims, acknowledged, late, cancels;
};

class FakePlans final : public Plans {
 public:
  engine::PlanPtr Add(std::string_view text) {
    engine::PlanPtr plan = engine::testing::PlanOf(text);
    auto copy = std::make_shared<workflow::Plan>(*plan);
    copy->hash = "plan-" + std::to_string(plans.size() + 1);
    plans[copy->hash] = copy;
    return copy;
  }
  engine::PlanPtr FindOrFetch(const std::string& tenant, const std::string& hash) override {
    auto it = plans.find(hash);
    if (away) return nullptr;
    return it == plans.end() ? nullptr : it->second;
  }
  std::map<std::string, engine::PlanPtr> plans;
  bool away = false;  // the designer, and nothing is kept
};

// One executor process.
class FakeExecutor {
 public:
  FakeExecutor(MemoryDatabase& database, ManualClock& clock, FakePlans& plans, std::string name,
               int committers, CommitterOptions options = {}, Peers* peers = nullptr,
               std::function<int64_t()> unreachable_for = {})
      : name(name),
        clock_(clock),
        database_clock_(clock),
        table_(database, name, committers, name + ":1"),
        random_(++seeds_) {
    for (int i = 0; i < committers; ++i) {
      stores.push_back(std::make_unique<MemoryStore>(database, name, i));
      all.push_back(std::make_unique<Committer>(
          CommitterParts{
              .store = *stores.back(),
              .clock = database_clock_,
              .random = random_,
              .dispatch = dispatch,
              .plans = plans,
              .load = load,
              .board = board,
              .start_child =
                  [this](ChildRequest request) { children.push_back(std::move(request)); },
              .wake = [this] { ++wakes; },
              .limits = [this](const std::string&) { return limits; },
              .mail_sent =
                  [this](const auto& lanes) {
                    if (mail_sent) mail_sent(lanes);
                  }},
          options));
    }
    std::vector<Committer*> pointers;
    for (auto& committer : all) pointers.push_back(committer.get());
    auto restart = [this](const std::vector<int64_t>& epochs) {
      for (size_t i = 0; i < all.size(); ++i) {
        if (!all[i]->lost()) all[i]->Abandon();
        all[i]->Reset(epochs[i]);
      }
    };
    keeper = std::make_unique<LaneKeeper>(LaneKeeper::Parts{.owner = name,
                                                            .table = table_,
                                                            .committers = pointers,
                                                            .restart = restart,
                                                            .peers = peers,
                                                            .unreachable_for = unreachable_for});
    router = std::make_unique<Router>(pointers);
  }

  // Takes lanes and loads them.
  void Join() {
    AF_CHECK(keeper->Step().ok());
    Run();
  }
  // Steps until nothing moves.
  void Run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& committer : all) moved |= committer->Step();
    }
  }

  // Starts an execution; the answer comes in `answers[id]`.
  Uuid Start(engine::PlanPtr plan, json::Value input = {}, std::string request_id = {},
             std::string body_hash = {}, bool strict = false, int priority = 3) {
    auto info = std::make_shared<engine::StartInfo>();
    info->tenant = "acme";
    info->principal = "users/1";
    info->workflow = "workflows/w";
    info->version = 1;
    info->plan_hash = plan->hash;
    info->input = std::move(input);
    info->strict = strict;
    info->priority = priority;
    info->request_id = request_id;
    info->id = request_id.empty() ? MakeExecutionId(clock_.Now() / 1000,
                                                    static_cast<int>(random_.Next() % 256), random_)
                                  : ExecutionIdForRequest("acme", request_id);
    AF_CHECK(Post(std::move(info), plan, std::move(body_hash)).ok());
    return id_;
  }
  // In one of the lanes that this executor has; nullopt: refused at once.
  std::optional<Uuid> TryStart(engine::PlanPtr plan) {
    std::shared_ptr<engine::StartInfo> info = NewInfo(plan);
    if (!Post(std::move(info), plan, "").ok()) return std::nullopt;
    return id_;
  }
  // Of an execution in one of the lanes that this executor has.
  std::shared_ptr<engine::StartInfo> NewInfo(const engine::PlanPtr& plan) {
    auto info = std::make_shared<engine::StartInfo>();
    info->tenant = "acme";
    info->principal = "users/1";
    info->workflow = "workflows/w";
    info->version = 1;
    info->plan_hash = plan->hash;
    info->id = MakeExecutionId(clock_.Now() / 1000, router->AnyLane(), random_);
    return info;
  }
  absl::Status Post(std::shared_ptr<engine::StartInfo> info, engine::PlanPtr plan,
                    std::string body_hash, bool use_existing = false) {
    const Uuid id = id_ = info->id;
    auto place = load.Admit("acme", limits, 0);
    AF_CHECK(place.ok());
    info->queued = *place == TenantLoad::Place::kQueued;
    StartItem item{.plan = plan,
                   .info = info,
                   .body_hash = std::move(body_hash),
                   .use_existing = use_existing};
    item.done = [this, id](absl::StatusOr<StartAnswer> answer) {
      answers[id].push_back(std::move(answer));
    };
    absl::Status posted = router->Post(Item(std::move(item)));
    if (!posted.ok()) load.Release("acme", *place);
    return posted;
  }
  void Held(const TaskOffer& task, const std::string& coordinator = "c1") {
    AF_CHECK(router->Post(HeldItem{task.attempt, coordinator, 1}).ok());
  }
  void Complete(const TaskOffer& task, json::Value output = {},
                const std::string& coordinator = "c1") {
    AF_CHECK(
        router
            ->Post(ResultItem{
                .attempt = task.attempt, .coordinator = coordinator, .output = std::move(output)})
            .ok());
  }
  const engine::ExecutionState* Find(const Uuid& id) const {
    return all[static_cast<size_t>(LaneOf(id)) % all.size()]->Find(id);
  }
  TaskOffer TakeOffer() {
    AF_CHECK(!dispatch.offers.empty());
    TaskOffer offer = std::move(dispatch.offers.front());
    dispatch.offers.pop_front();
    return offer;
  }

  const std::string name;
  // Called when there are messages for lanes of other committers.
  std::function<void(const std::vector<int>&)> mail_sent;
  FakeDispatch dispatch;
  TenantLoad load;
  TenantLimits limits;
  ClaimBoard board;
  std::vector<std::unique_ptr<MemoryStore>> stores;
  std::map<Uuid, std::vector<absl::StatusOr<StartAnswer>>> answers;
  std::deque<ChildRequest> children;  // asked for
  int wakes = 0;                      // of whoever runs Step
  std::unique_ptr<Router> router;
  std::unique_ptr<LaneKeeper> keeper;
  std::vector<std::unique_ptr<Committer>> all;

 private:
  // Two processes never draw the same ids.
  static inline uint64_t seeds_ = 0;

  Uuid id_;  // of the last start
  ManualClock& clock_;
  DatabaseClock database_clock_;
  MemoryLaneTable table_;
  SeededRandom random_;
};

// Tests of one executor, "x", which runs as many committers as the parameter says.
class LanesTest : public ::testing::TestWithParam<int> {
 protected:
  LanesTest() { Restart(); }

  // kill -9, and the same binary again.
  void Restart(CommitterOptions options = {}) {
    executor_ = std::make_unique<FakeExecutor>(database_, clock_, plans_, "x", GetParam(), options);
    executor_->Join();
  }
  void Advance(int64_t micros) {
    clock_.Advance(micros);
    database_.now += micros;
    executor_->Run();
  }
  // An engine::Phase.
  int StateOf(const Uuid& id) {
    auto closed = database_.closed.find(id);
    if (closed != database_.closed.end()) return closed->second.second;
    return database_.live.at(id).state;
  }

  ManualClock clock_;
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  std::unique_ptr<FakeExecutor> executor_;
};

}  // namespace agentflow::executor
