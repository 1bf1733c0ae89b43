#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/fair_turns.h"

namespace agentflow::coordinator {

// Which tenant's task of an agent is next, for workers that serve every tenant: in turns by weight
// and by the time that the tenants' tasks have kept workers busy. A task is charged what its
// agent's tasks take on average when it is handed out, and the rest, or the surplus, when it is
// done, so that a burst that is under way counts already. Thread-safe.
class SharedTurns {
 public:
  explicit SharedTurns(std::function<int64_t(const std::string& tenant)> weight)
      : weight_(std::move(weight)) {}

  // Those who have tasks of the agent now; all others have none.
  void SetWaiting(const std::string& agent, const std::vector<std::string>& tenants);
  // The tenant whose turn it is; empty: nobody waits.
  std::string Next(const std::string& agent);
  size_t waiting(const std::string& agent) const;
  void NoneLeft(const std::string& agent, const std::string& tenant);
  void HandedOut(const std::string& agent, const std::string& tenant, int tasks);
  // A task handed out is done.
  void Used(const std::string& agent, const std::string& tenant, int64_t milliseconds);

 private:
  struct Agent {
    FairTurns turns;
    std::vector<std::string> waiting;
    double usual_us = 100'000;  // moving average of a task's time
  };
  Agent& Of(const std::string& agent);

  const std::function<int64_t(const std::string&)> weight_;
  mutable std::mutex mutex_;
  std::map<std::string, Agent> agents_;
};

}  // namespace agentflow::coordinator
