#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/fair_turns.h"

namespace agentflow::executor {

// Items of many tenants, each one's in order, the tenants by what they have used: one with a long
// backlog, or with costly items, delays itself only.
template <typename T>
class FairQueue {
 public:
  // `weight` of a tenant is at least 1; `quantum` is in the unit of Charge.
  FairQueue(int64_t quantum, std::function<int64_t(const std::string&)> weight)
      : turns_(quantum, std::move(weight)) {}

  void Push(std::string_view tenant, T item) {
    auto it = queues_.find(tenant);
    if (it == queues_.end()) it = queues_.emplace(std::string(tenant), std::deque<T>()).first;
    if (it->second.empty()) turns_.Enter(tenant);
    it->second.push_back(std::move(item));
    ++size_;
  }

  // The next item and whose it is. REQUIRES: !empty().
  std::pair<std::string, T> Pop() {
    auto queue = queues_.find(turns_.Next());
    std::pair<std::string, T> popped{queue->first, std::move(queue->second.front())};
    queue->second.pop_front();
    --size_;
    if (queue->second.empty()) {
      turns_.Leave(queue->first);
      queues_.erase(queue);
    }
    return popped;
  }

  // What an item of the tenant has cost.
  void Charge(std::string_view tenant, int64_t cost) { turns_.Charge(tenant, cost); }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  std::map<std::string, std::deque<T>, std::less<>> queues_;
  FairTurns turns_;
  size_t size_ = 0;
};

}  // namespace agentflow::executor
