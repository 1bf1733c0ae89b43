#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/executor/dispatch/links.h"
#include "services/executor/lanes/lane_keeper.h"
#include "services/executor/lanes/router.h"
#include "tests/sim/postgres.h"
#include "tests/sim/redis.h"
#include "tests/sim/world.h"

namespace agentflow::sim {

// What a coordinator writes into its stream at once.
struct Reports {
  struct Result {
    executor::ResultItem item;
    std::string token;
  };
  std::vector<std::pair<executor::AttemptName, int64_t>> claimed;  // with the claim's number
  std::vector<executor::AttemptName> held;
  std::vector<Result> results;
};

// One executor: the real committers, batch writers, lane keeper, router, links and clocks, wired
// as in services/executor/app.cc, over the models. It is killed, stopped for a while (SIGSTOP),
// drained and started again; its name and address stay the same.
class ExecutorProcess {
 public:
  ExecutorProcess(World& world, int number);
  ~ExecutorProcess();

  const std::string& name() const { return name_; }
  std::string address() const { return name_ + ":1"; }
  // Takes calls now; a stopped one keeps them until it goes on.
  bool running() const { return parts_ != nullptr; }
  bool paused() const { return paused_; }
  // Changes with each start: what belongs to an earlier life is void.
  int life() const { return life_; }

  void Start();
  void Kill();
  void Pause();
  void GoOn();
  // A clean shutdown; `over` once it is down.
  void Drain(std::function<void()> over);

  // Runs after a time on behalf of this process: never after its death, later while it is stopped.
  void Later(int64_t micros, std::function<void()> run);

  // As the services behind the public port do it. REQUIRES: running, and called through Later.
  executor::Router& router();
  executor::TenantLoad& load();
  // OK: `item.done` will be called.
  absl::Status PostStart(executor::StartItem item);
  absl::Status PostCommand(executor::CommandItem item);
  UnixMicros Now() const;

  // A coordinator's stream; its orders come through `send`. Gives the link's number.
  uint64_t OpenLink(const std::string& coordinator, executor::Links::Send send);
  void Take(const std::string& coordinator, const Reports& reports);
  // Journals of what has outlived its retention class by that day move to it.
  void Rehome(int today);
  // From another executor.
  void Mail(const std::vector<int>& lanes);
  void LookSoon();
  // Gives this executor's lane map now and after each change, until it dies.
  void Watch(std::function<void(const std::vector<std::string>&)> watcher);
  std::vector<std::string> Addresses() const;

  // Empty when all is well with what is in memory at rest.
  std::string AtRest();

 private:
  struct Parts;
  friend class SimDispatch;
  friend class SimPeers;

  void Wake(size_t committer);
  void StepAt(size_t committer, int64_t time);
  void Step(size_t committer);
  void StepKeeper();
  void LookAt(int64_t time);
  void SendMail(const std::vector<int>& lanes);
  void CheckMemory(size_t committer);
  void DrainStep(int64_t deadline, std::function<void()> over);
  void StartChild(const executor::ChildRequest& request);
  absl::Status PostChild(const executor::ChildRequest& request);
  void ChildAnswered(const executor::ChildRequest& request, const absl::Status& status);
  absl::StatusOr<engine::Decision> Advance(engine::ExecutionState& state,
                                           const engine::Command& command,
                                           const engine::Limits& limits);

  World& world_;
  const std::string name_;
  int life_ = 0;
  bool paused_ = false;
  bool leaving_ = false;   // gives its lanes away
  bool draining_ = false;  // has done so
  std::deque<std::function<void()>> kept_;  // while paused
  std::unique_ptr<Parts> parts_;
};

}  // namespace agentflow::sim
