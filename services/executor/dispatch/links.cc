#include "services/executor/dispatch/links.h"

#include <utility>

namespace agentflow::executor {

uint64_t Links::Add(const std::string& coordinator, Send send) {
  std::lock_guard lock(mutex_);
  Link& link = links_[coordinator];
  link = {.number = ++last_number_, .send = std::move(send)};
  return link.number;
}

void Links::Remove(const std::string& coordinator, uint64_t number) {
  std::lock_guard lock(mutex_);
  auto it = links_.find(coordinator);
  if (it != links_.end() && it->second.number == number) links_.erase(it);
}

void Links::Collect(const std::string& coordinator, const std::function<void(Orders&)>& add) {
  std::lock_guard lock(mutex_);
  auto it = links_.find(coordinator);
  if (it == links_.end()) return;
  add(it->second.orders);
  dirty_.insert(coordinator);
}

void Links::Flush() {
  std::vector<std::pair<Send, Orders>> out;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& coordinator : dirty_) {
      auto it = links_.find(coordinator);
      if (it == links_.end() || it->second.orders.empty()) continue;
      out.emplace_back(it->second.send, std::exchange(it->second.orders, {}));
    }
    dirty_.clear();
  }
  for (auto& [send, orders] : out) send(orders);
}

size_t Links::size() const {
  std::lock_guard lock(mutex_);
  return links_.size();
}

}  // namespace agentflow::executor
