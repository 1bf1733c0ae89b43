#include "services/coordinator/tasks/shared_turns.h"

#include <algorithm>

namespace agentflow::coordinator {
namespace {

// Worker time in microseconds for each unit of weight and round: 100 ms at the usual weight.
constexpr int64_t kQuantum = 1000;
// How fast the average follows.
constexpr double kNewest = 0.1;

}  // namespace

SharedTurns::Agent& SharedTurns::Of(const std::string& agent) {
  return agents_.try_emplace(agent, Agent{.turns = FairTurns(kQuantum, weight_)}).first->second;
}

void SharedTurns::SetWaiting(const std::string& agent, const std::vector<std::string>& tenants) {
  std::lock_guard lock(mutex_);
  Agent& of = Of(agent);
  for (const std::string& before : of.waiting) {
    if (std::find(tenants.begin(), tenants.end(), before) == tenants.end()) of.turns.Leave(before);
  }
  for (const std::string& tenant : tenants) of.turns.Enter(tenant);
  of.waiting = tenants;
}

std::string SharedTurns::Next(const std::string& agent) {
  std::lock_guard lock(mutex_);
  Agent& of = Of(agent);
  return of.turns.empty() ? "" : of.turns.Next();
}

size_t SharedTurns::waiting(const std::string& agent) const {
  std::lock_guard lock(mutex_);
  auto it = agents_.find(agent);
  return it == agents_.end() ? 0 : it->second.waiting.size();
}

void SharedTurns::NoneLeft(const std::string& agent, const std::string& tenant) {
  std::lock_guard lock(mutex_);
  Agent& of = Of(agent);
  of.turns.Leave(tenant);
  std::erase(of.waiting, tenant);
}

void SharedTurns::HandedOut(const std::string& agent, const std::string& tenant, int tasks) {
  std::lock_guard lock(mutex_);
  Agent& of = Of(agent);
  of.turns.Charge(tenant, static_cast<int64_t>(of.usual_us * tasks));
}

void SharedTurns::Used(const std::string& agent, const std::string& tenant,
                       int64_t milliseconds) {
  std::lock_guard lock(mutex_);
  Agent& of = Of(agent);
  const double used_us = static_cast<double>(milliseconds) * 1000;
  of.turns.Charge(tenant, static_cast<int64_t>(used_us - of.usual_us));
  of.usual_us += kNewest * (used_us - of.usual_us);
}

}  // namespace agentflow::coordinator
