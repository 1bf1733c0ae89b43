#pragma once

#include "services/executor/dispatch/links.h"
#include "services/executor/dispatch/redis_queue.h"
#include "services/executor/lanes/dispatch.h"

namespace agentflow::executor {

// Dispatch over Redis (tasks) and the coordinators' links (everything else).
class OutsideDispatch final : public Dispatch {
 public:
  OutsideDispatch(RedisQueue& queue, Links& links) : queue_(queue), links_(links) {}

  void Offer(std::vector<TaskOffer> tasks) override { queue_.Add(std::move(tasks)); }
  void Drop(const std::string& coordinator, const AttemptName& attempt) override {
    links_.Collect(coordinator, [&](Orders& orders) { orders.drop.push_back(attempt); });
  }
  void Claimed(const std::string& coordinator, const AttemptName& attempt,
               int64_t claim) override {
    links_.Collect(coordinator, [&](Orders& orders) {
      orders.claimed.emplace_back(attempt, claim);
    });
  }
  void Acknowledge(const std::string& coordinator, const AttemptName& attempt) override {
    links_.Collect(coordinator, [&](Orders& orders) { orders.acknowledged.push_back(attempt); });
  }
  void Late(const std::string& coordinator, const AttemptName& attempt) override {
    links_.Collect(coordinator, [&](Orders& orders) { orders.late.push_back(attempt); });
  }
  void Cancel(const std::string& coordinator, const AttemptName& attempt,
              const std::string& reason) override {
    links_.Collect(coordinator, [&](Orders& orders) {
      orders.cancel.push_back({attempt, reason});
    });
  }
  void Flush() override { links_.Flush(); }

 private:
  RedisQueue& queue_;
  Links& links_;
};

}  // namespace agentflow::executor
