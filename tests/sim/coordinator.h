#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/coordinator/tasks/hub.h"
#include "tests/sim/executor.h"
#include "tests/sim/world.h"

namespace agentflow::sim {

class Coordinator;

// A worker of one tenant: takes tasks and does with them whatever the seed says. It keeps each
// result until it is acknowledged, also over a lost stream.
class Worker {
 public:
  Worker(World& world, Coordinator& coordinator, std::string tenant, std::string name);

  void Connect();
  // The stream ends; a new one comes later.
  void Break();
  // Its coordinator was killed; what it holds goes on, or dies with it.
  void Orphan();
  // Empty when nothing is in its hands and nothing waits for an acknowledgement.
  std::string AtRest() const;

  void Take(const coordinator::Task& task);
  void TakeBack(const coordinator::AttemptId& id);
  void Acknowledged(const coordinator::AttemptId& id) { results_.erase(id); }

 private:
  void Beat(int64_t session);
  void Answer(const coordinator::Task& task);
  void Forge(const coordinator::Task& task);
  coordinator::Outcome MakeOutcome(const coordinator::Task& task);

  World& world_;
  Coordinator& coordinator_;
  const std::string tenant_, name_;
  int64_t session_ = 0;  // 0: not connected
  std::map<coordinator::AttemptId, coordinator::Task> held_;
  std::map<coordinator::AttemptId, coordinator::Result> results_;
};

// One coordinator: the real Hub, and around it what services/coordinator does on threads: the
// fetcher that reads queues, and the links to the executors.
class Coordinator final : public coordinator::ExecutorPort {
 public:
  Coordinator(World& world, int number);

  void Start();
  // Everything in its memory is gone; its workers come back to it.
  void Kill();
  void Pause();
  void GoOn();
  bool running() const { return hub_ != nullptr; }
  coordinator::Hub& hub() { return *hub_; }
  Worker& AnyWorker() { return *workers_[world_.dice.Roll(workers_.size())]; }
  int64_t now_ms() const { return world_.schedule.now() / 1000; }

  // Runs on behalf of this process, never after its death, later while it is stopped.
  void Later(int64_t micros, std::function<void()> run);
  void BreakLink();
  // Empty when nothing is under way.
  std::string AtRest();

  // coordinator::ExecutorPort
  void Claimed(const coordinator::Claim& claim) override;
  void Finished(const coordinator::Result& result) override;

  // There may be something to fetch.
  void Wake();

 private:
  struct Link {
    bool open = false;
    uint64_t number = 0;    // changes with each stream
    int life = 0;           // of the executor that it leads to
    bool met = false;       // the executor has had a message of this stream
    int64_t out_until = 0;  // messages keep their order
    int64_t in_until = 0;
    Reports reports;
  };

  ExecutorProcess* At(const std::string& address);
  void Tick();
  void Watch();
  void LanesChanged(const std::vector<std::string>& owners);
  void EnsureOpen(const std::string& address);
  void TellAgain(const std::string& address);
  void Heartbeat(const std::string& address);
  void Collect(const coordinator::AttemptId& id, const std::function<void(Reports&)>& add);
  void Flush(const std::string& address);
  void Receive(const std::string& address, const executor::Orders& orders,
               const std::function<bool()>& valid);
  void Obey(const executor::Orders& orders);
  void Fetch();
  void DeleteSpent();
  void HandOut(const std::string& stream, const std::vector<Redis::Entry>& entries);

  World& world_;
  const std::string name_;
  int life_ = 0;
  bool paused_ = false;
  std::deque<std::function<void()>> kept_;  // while paused
  std::unique_ptr<coordinator::Hub> hub_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::string> owners_;
  std::map<std::string, Link> links_;
  uint64_t last_link_ = 0;
  std::string watched_;  // the executor that tells the lane map
  int watched_life_ = 0;
  int64_t map_until_ = 0;  // lane maps keep their order
  int ticks_ = 0;
  bool fetch_planned_ = false;
};

}  // namespace agentflow::sim
