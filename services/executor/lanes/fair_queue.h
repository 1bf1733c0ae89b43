#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace agentflow::executor {

// Tenants in turn, each one's items in order: deficit round robin (Shreedhar and Varghese, 1995)
// with items of equal cost, so that a tenant with a long backlog delays itself only.
template <typename T>
class FairQueue {
 public:
  void Push(std::string_view tenant, T item) {
    auto it = queues_.find(tenant);
    if (it == queues_.end()) it = queues_.emplace(std::string(tenant), std::deque<T>()).first;
    if (it->second.empty()) turns_.push_back(it);
    it->second.push_back(std::move(item));
    ++size_;
  }

  // REQUIRES: !empty().
  T Pop() {
    auto turn = turns_.front();
    std::deque<T>& queue = turn->second;
    T item = std::move(queue.front());
    queue.pop_front();
    --size_;
    if (queue.empty()) {
      turns_.pop_front();
      queues_.erase(turn);
      spent_ = 0;
    } else if (++spent_ >= kQuantum) {
      turns_.pop_front();
      turns_.push_back(turn);
      spent_ = 0;
    }
    return item;
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kQuantum = 8;

  using Queues = std::map<std::string, std::deque<T>, std::less<>>;
  Queues queues_;
  std::deque<typename Queues::iterator> turns_;
  size_t spent_ = 0;
  size_t size_ = 0;
};

}  // namespace agentflow::executor
