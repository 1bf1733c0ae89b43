#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/executor.h"
#include "tests/sim/world.h"

namespace agentflow::sim {

// Everybody who starts and cancels executions, with the gateway between: it looks at some
// executor's lane map, sends the call there, and repeats it where the answer says so or never
// comes. Keeps a ledger of what it was promised.
class Client {
 public:
  explicit Client(World& world) : world_(world) {}

  // Plans what it does in the busy time.
  void Plan();
  // Empty when every call has been answered for good.
  std::string AtRest();
  // What it was promised against what was committed.
  void CheckLedger();

 private:
  struct Start {
    int number = 0;
    std::string tenant;
    std::string request_id;  // empty: none
    std::string body_hash;
    engine::PlanPtr plan;
    json::Value input;
    int32_t priority = 3;
    bool strict = false;
    bool altered = false;  // says something else than an earlier one with this request id
    int tries = 0;
    bool answered = false;  // for good
    Uuid id;                // of the last try
  };
  struct Cancel {
    Uuid id;
    std::string tenant;
    int tries = 0;
    bool foreign = false;
    bool answered = false;
  };
  using StartPtr = std::shared_ptr<Start>;
  using CancelPtr = std::shared_ptr<Cancel>;

  StartPtr NewStart(int number);
  ExecutorProcess* ExecutorFor(const Uuid& id);
  ExecutorProcess* AnyExecutor();
  void Send(const StartPtr& start);
  void SendTo(ExecutorProcess& executor, const StartPtr& start);
  void Again(const StartPtr& start, int64_t after);
  void Answered(const StartPtr& start, const Uuid& id,
                const absl::StatusOr<executor::StartAnswer>& answer);
  void Known(const StartPtr& start, const Uuid& id);
  void Send(const CancelPtr& cancel);
  void Answered(const CancelPtr& cancel, const absl::Status& status);

  World& world_;
  std::vector<StartPtr> starts_;
  std::vector<CancelPtr> cancels_;
  std::map<Uuid, StartPtr> acknowledged_;
};

}  // namespace agentflow::sim
