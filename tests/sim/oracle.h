#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "libs/engine/engine.h"
#include "services/executor/lanes/claim_board.h"
#include "services/executor/lanes/dispatch.h"
#include "services/executor/store/batch.h"
#include "tests/sim/world.h"

namespace agentflow::sim {

// Sees every commit, every decision and everything that leaves an executor, and knows what must
// hold. What is true is what was committed: it folds each journal as it grows.
class Oracle {
 public:
  explicit Oracle(World& world) : world_(world) {}

  // The version to which executions of a plan may be moved.
  struct Next {
    std::string hash;
    std::map<std::string, std::string> mapping;
  };
  void AddNextPlan(const std::string& hash, std::string next,
                   std::map<std::string, std::string> mapping) {
    next_[hash] = {std::move(next), std::move(mapping)};
  }
  // Null: there is none.
  const Next* NextOf(const std::string& hash) const {
    auto it = next_.find(hash);
    return it == next_.end() ? nullptr : &it->second;
  }
  void AddPlan(engine::PlanPtr plan) { plans_[plan->hash] = std::move(plan); }
  engine::PlanPtr PlanOf(const std::string& hash) const { return plans_.at(hash); }

  // A transaction of `owner` took place.
  void Committed(const std::string& owner, const std::vector<executor::WritePtr>& writes,
                 UnixMicros database_now);
  // Executions that were written since the last call.
  std::vector<Uuid> TakeWritten(const std::string& owner, int committer);
  // What a committer has in memory after a commit; null: nothing.
  void CheckMemory(const Uuid& id, const engine::ExecutionState* state,
                   const std::vector<executor::ClaimBoard::Claim>& claims);
  void Decided(const engine::ExecutionState& state, const engine::Command& command,
               const engine::Decision& decision);
  void Offered(const std::string& executor, const executor::TaskOffer& task);
  void Acknowledged(const executor::AttemptName& attempt);

  // Whether the attempt is the current one of an open step.
  static bool Knows(const engine::ExecutionState* state, const executor::AttemptName& attempt);

  // The committed state; null: there is none.
  const engine::ExecutionState* Find(const Uuid& id) const;
  bool Over(const Uuid& id) const;
  std::string TenantOf(const Uuid& id) const;
  bool HasSignal(const Uuid& id, const std::string& signal) const;
  // Every one that was ever committed.
  std::vector<Uuid> All() const;
  // Who is meant to be the owner of an execution: told by whoever starts it.
  void Expect(const Uuid& id, const std::string& tenant) { expected_[id] = tenant; }
  // An output that nobody may give who was handed the task.
  static bool Forged(const json::Value& output);
  // The story of one execution, for a violation's report.
  std::string Describe(const Uuid& id) const;

 private:
  struct Record {
    engine::ExecutionState state;
    std::string tenant;
    UnixMicros last_time = 0;
    int16_t row_state = 0;
    int32_t start_day = 0;  // where its journal lies; 0: nowhere yet
    std::set<std::pair<engine::StepRef, uint32_t>> ended;  // attempts
    std::map<engine::StepRef, std::string> keys;           // of effects
    std::map<engine::StepRef, uint64_t> completed;         // the event's sequence
    // By what is unwound: the completion of the step undone last, and those that were being undone
    // already when it began.
    std::map<engine::StepRef, uint64_t> undone;
    std::map<engine::StepRef, std::set<engine::StepRef>> inherited;
    // By key: the last attempt of a step as it was before a migration. Who was stopped before it
    // may still offer that one, until it hears that the lane is another's.
    std::map<std::string, uint32_t> left;
    std::set<std::string> signals;    // ids
    std::map<std::string, int> held;  // places at keys
    std::set<Uuid> children;          // attached ones
    bool unwanted = false;            // its parent is over
    bool counts = false;              // as under way, for the tenant's limits
    int64_t queued_since = 0;         // transaction that was the first to say so; 0: it is not
  };

  void Fold(const Uuid& id, Record& record, const engine::Event& event, UnixMicros database_now);
  bool WronglyMourns(const Record& record, const engine::Event& event) const;
  void CheckKeys(const std::vector<executor::WritePtr>& writes);
  bool Split() const;
  void CheckFamily(const Uuid& id);
  void Rebased(Record& record, const engine::ExecutionRebased& rebased);
  void CheckLimits(const std::vector<executor::WritePtr>& writes);
  // Whether one committer has decided everything, with all that it ever knew.
  bool OneMind() const;
  // What is wrong with an offer; empty: nothing.
  std::string WrongOffer(const Record& record, const executor::TaskOffer& task) const;
  void CheckUndone(const Uuid& id, Record& record, engine::StepRef step);
  void CheckWrite(const Uuid& id, Record& record, const executor::ExecutionWrite& write);
  void CheckChange(const Uuid& id, const Record& record, const executor::ExecutionWrite& write,
                   const std::set<engine::StepRef>& ended);
  void Broken(const Uuid& id, const std::string& what);

  World& world_;
  std::map<std::string, engine::PlanPtr> plans_;
  std::map<std::string, Next> next_;
  std::map<Uuid, Record> records_;
  std::map<Uuid, std::string> expected_;
  std::map<std::pair<std::string, std::string>, int> holders_;  // of tenant and key
  std::map<std::pair<std::string, int>, std::set<Uuid>> written_;
  // Of a parent, its step and attempt.
  std::map<std::tuple<Uuid, std::string, uint32_t>, Uuid> children_;
  std::map<std::string, int64_t> running_, open_;  // by tenant
  int64_t transactions_ = 0;
};

// "e3/n1 #2"
std::string TextOf(World& world, const executor::AttemptName& attempt);

}  // namespace agentflow::sim
