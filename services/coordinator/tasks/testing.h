#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/coordinator/tasks/hub.h"

namespace agentflow::coordinator {

// A worker that writes down what it is sent.
struct RecordingWorker final : WorkerPort {
  void SendTasks(const std::vector<Task>& batch) override {
    for (const Task& task : batch) tasks.push_back(task.id);
  }
  void SendCancel(const AttemptId& id, std::string_view reason) override {
    canceled.emplace_back(id, reason);
  }
  void SendAcknowledged(const AttemptId& id) override { acknowledged.push_back(id); }
  void SendRefused(const AttemptId& id, std::string_view reason) override {
    refused.emplace_back(id, reason);
  }
  void SendDrain() override { drained = true; }

  std::vector<AttemptId> tasks;
  std::vector<std::pair<AttemptId, std::string>> canceled;
  std::vector<AttemptId> acknowledged;
  std::vector<std::pair<AttemptId, std::string>> refused;
  bool drained = false;
};

// Executors that write down what they are told.
struct RecordingExecutors final : ExecutorPort {
  void Claimed(const Claim& claim) override {
    claimed.push_back(claim.id);
    claims.push_back(claim);
  }
  void Finished(const Result& result) override { finished.push_back(result); }

  std::vector<AttemptId> claimed;
  std::vector<Claim> claims;
  std::vector<Result> finished;
};

inline AttemptId MakeAttempt(int number, int attempt = 1, const std::string& tenant = "acme") {
  char execution[37];
  std::snprintf(execution, sizeof(execution), "00000000-0000-7000-8000-%012d", number);
  return {tenant, execution, "step", attempt};
}

inline Task MakeTask(int number, const std::string& agent = "shout", int attempt = 1,
                     const std::string& tenant = "acme") {
  return {.id = MakeAttempt(number, attempt, tenant), .agent = agent, .input_json = "{}"};
}

}  // namespace agentflow::coordinator
