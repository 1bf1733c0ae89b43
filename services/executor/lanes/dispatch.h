#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/engine/state.h"
#include "services/executor/lanes/commands.h"

namespace agentflow::executor {

// A task that is committed and may be done now.
struct TaskOffer {
  AttemptName attempt;
  std::shared_ptr<const engine::Offer> offer;
  std::shared_ptr<const engine::StartInfo> start;
  UnixMicros deadline = 0;  // 0: none
};

// The way to the coordinators. All functions return at once and may be called from any
// committer's thread. What is lost on the way is offered again after ReofferItem.
class Dispatch {
 public:
  virtual ~Dispatch() = default;

  virtual void Offer(std::vector<TaskOffer> tasks) = 0;
  // To the coordinator named: refused claims, claims that count, results that are durable or will
  // never be, those of attempts that newer ones have followed, and tasks to give up.
  virtual void Drop(const std::string& coordinator, const AttemptName& attempt) = 0;
  virtual void Claimed(const std::string& coordinator, const AttemptName& attempt,
                       int64_t claim) = 0;
  virtual void Acknowledge(const std::string& coordinator, const AttemptName& attempt) = 0;
  virtual void Late(const std::string& coordinator, const AttemptName& attempt) = 0;
  virtual void Cancel(const std::string& coordinator, const AttemptName& attempt,
                      const std::string& reason) = 0;
  // After a round of these five: send what was collected.
  virtual void Flush() {}
};

// What a step asks for that is an execution of its own (flow.workflow).
struct ChildRequest {
  Uuid child;  // its id
  engine::Parent parent;
  std::string tenant;
  std::string principal;  // in whose name both run
  std::string workflow;   // workflows/{id}
  int32_t version = 0;    // 0: the newest
  json::Value input;
  engine::Mode mode = engine::Mode::kLive;
  int32_t priority = 3;
  std::string trace_id;
};

// Compiled plans by (tenant, hash).
class Plans {
 public:
  virtual ~Plans() = default;
  // Null while it is not there; then it is being fetched, and the committer is woken when it is.
  virtual engine::PlanPtr FindOrFetch(const std::string& tenant, const std::string& hash) = 0;
};

}  // namespace agentflow::executor
