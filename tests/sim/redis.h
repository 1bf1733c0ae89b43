#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/coordinator/tasks/task.h"
#include "services/executor/dispatch/queued_task.h"
#include "tests/sim/world.h"

// The model of Redis: streams of tasks with one consumer group, which may be emptied at any time,
// and in which entries come twice, late and in another order.
namespace agentflow::sim {

class Redis {
 public:
  struct Entry {
    uint64_t id = 0;
    std::string body;
    std::string consumer;  // who has read it; empty: nobody
    int64_t read_at = 0;
  };

  explicit Redis(World& world) : world_(world) {}

  bool away() const { return world_.schedule.now() < away_until_; }
  // Another one after everything was lost.
  int incarnation() const { return incarnation_; }

  void Add(const std::string& stream, const std::string& body);
  // Up to `count` entries that nobody has read, or that their reader has left lying.
  std::vector<Entry> Read(const std::string& stream, const std::string& consumer, size_t count);
  std::vector<Entry> TakeOver(const std::string& stream, const std::string& consumer,
                              int64_t idle_micros, size_t count);
  void Delete(const coordinator::QueueEntry& entry);
  // Called after an entry has come.
  std::function<void()> on_entry;

  void Flush();
  void GoAway();
  void Heal() { away_until_ = 0; }

 private:
  void Insert(const std::string& stream, const std::string& body);

  World& world_;
  std::map<std::string, std::deque<Entry>> streams_;
  uint64_t last_id_ = 0;
  int incarnation_ = 1;
  int64_t away_until_ = 0;
};

// An executor's way into Redis, as dispatch/redis_queue.h goes it on a thread of its own.
class QueueSender {
 public:
  // `later` runs something on behalf of the process; `lost` asks for everything again.
  QueueSender(World& world, std::function<void(int64_t, std::function<void()>)> later,
              std::function<void()> lost)
      : world_(world), later_(std::move(later)), lost_(std::move(lost)) {}

  void Add(std::vector<executor::QueuedTask> tasks);
  // Looks whether Redis is the one that it was.
  void Look();

 private:
  void Pump();
  void PumpAfter(int64_t micros);

  World& world_;
  const std::function<void(int64_t, std::function<void()>)> later_;
  const std::function<void()> lost_;
  std::vector<executor::QueuedTask> waiting_;
  int incarnation_ = 0;
  bool planned_ = false;
};

}  // namespace agentflow::sim
