#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "services/executor/lanes/commands.h"

namespace agentflow::executor {

// What an executor tells one coordinator, collected until sent.
struct Orders {
  struct Cancel {
    AttemptName attempt;
    std::string reason;
  };
  std::vector<AttemptName> drop;
  std::vector<std::pair<AttemptName, int64_t>> claimed;  // with the claim's number
  std::vector<AttemptName> acknowledged;
  std::vector<AttemptName> late;
  std::vector<Cancel> cancel;
  std::vector<std::pair<AttemptName, std::string>> refused;  // with the wrong token
  std::set<int> lanes_moved;

  bool empty() const {
    return drop.empty() && claimed.empty() && acknowledged.empty() && late.empty() &&
           cancel.empty() && refused.empty() && lanes_moved.empty();
  }
};

// The coordinators that are connected now. Orders for one that is not are forgotten: it says again
// what it holds when it comes back. Thread-safe.
class Links {
 public:
  using Send = std::function<void(const Orders&)>;

  // A coordinator has opened a stream, and is still to say who it is. `end` is called at Close, or
  // now after it. Gives the stream's number.
  uint64_t Open(std::function<void()> end);
  void Ended(uint64_t stream);
  // Ends all streams, also those still to come: this executor goes away.
  void Close();

  // A newer link of the same coordinator replaces the older one. Gives the link's number.
  uint64_t Add(const std::string& coordinator, Send send);
  void Remove(const std::string& coordinator, uint64_t link);

  // Adds to what is to be sent.
  void Collect(const std::string& coordinator, const std::function<void(Orders&)>& add);
  // Sends everything collected.
  void Flush();
  size_t size() const;

 private:
  struct Link {
    uint64_t number = 0;
    Send send;
    Orders orders;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Link> links_;
  std::set<std::string> dirty_;
  std::map<uint64_t, std::function<void()>> streams_;
  bool closed_ = false;
  uint64_t last_number_ = 0;
};

}  // namespace agentflow::executor
