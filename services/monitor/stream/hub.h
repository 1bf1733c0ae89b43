#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "services/monitor/change.h"

namespace agentflow::monitor {

// One thing that became true: an execution's change, or that of one of its steps.
struct Happening {
  int64_t sequence = 0;
  std::shared_ptr<const ExecutionChange> change;
  int step = -1;  // index into change->steps; -1: the execution itself
};

// Hands what happens to those who subscribed, and keeps the newest happenings so that a broken
// connection can go on where it was. Thread-safe.
class StreamHub {
 public:
  // `epoch` is new for each process: positions of another one cannot be resumed here.
  StreamHub(std::string epoch, size_t kept);

  // What a subscriber is told. Must not block or call the hub.
  struct Sink {
    // First and once: everything after `position` will be told. `reset`: the position asked for
    // is too old, and something may be missing before this one.
    std::function<void(std::string_view position, bool reset)> subscribed;
    std::function<void(const Happening&, std::string_view position)> happened;
  };

  // One execution with its steps; with an empty `execution_id` every execution of the tenant,
  // without steps. With a position, what happened since is told before this returns.
  int64_t Subscribe(const std::string& tenant, const std::string& execution_id,
                    const std::string& position, Sink sink);
  // No call of the sink after it returned.
  void Unsubscribe(int64_t id);

  void Publish(std::shared_ptr<const ExecutionChange> change);

 private:
  // Tenant, and execution or empty.
  using Topic = std::pair<std::string, std::string>;

  static bool Concerns(const Topic& topic, const Happening& happening);
  void Tell(const Topic& topic, const Happening& happening);
  std::string PositionAt(int64_t sequence) const;
  bool Parse(const std::string& position, int64_t& sequence) const;

  const std::string epoch_;
  const size_t kept_;
  std::mutex mutex_;
  int64_t last_sequence_ = 0;
  int64_t next_id_ = 1;
  std::deque<Happening> recent_;
  std::map<int64_t, Topic> topics_;
  std::map<Topic, std::map<int64_t, Sink>> subscribers_;
};

}  // namespace agentflow::monitor
