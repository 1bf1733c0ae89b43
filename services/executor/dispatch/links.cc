#include "services/executor/dispatch/links.h"

#include <utility>

namespace agentflow::executor {

uint64_t Links::Open(std::function<void()> end) {
  {
    std::lock_guard lock(mutex_);
    ++last_number_;
    if (!closed_) {
      streams_[last_number_] = std::move(end);
      return last_number_;
    }
  }
  end();
  return 0;
}

void Links::Ended(uint64_t stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

void Links::Close() {
  std::map<uint64_t, std::function<void()>> streams;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    streams.swap(streams_);
  }
  for (const auto& [number, end] : streams) end();
}

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
