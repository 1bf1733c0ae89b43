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
    bool large = false;    // its input is over the limit
    // Of a fork or retry: from there.
    std::vector<engine::Event> history;
    engine::Origin origin;
    int tries = 0;
    bool answered = false;  // for good
    Uuid id;                // of the last try
  };
  // Something asked of an execution that runs.
  struct Order {
    enum class Kind { kCancel, kPause, kResume, kSignal, kDecide, kMigrate, kGrant };
    Kind kind = Kind::kCancel;
    Uuid id;
    std::string tenant;
    std::string signal;  // id
    json::Value payload;
    bool compensate = false;
    int tries = 0;
    bool foreign = false;
    bool answered = false;
  };
  using StartPtr = std::shared_ptr<Start>;
  using OrderPtr = std::shared_ptr<Order>;

  StartPtr NewStart(int number);
  ExecutorProcess* ExecutorFor(const Uuid& id);
  ExecutorProcess* AnyExecutor();
  void Send(const StartPtr& start);
  void SendTo(ExecutorProcess& executor, const StartPtr& start);
  void Again(const StartPtr& start, int64_t after);
  void Answered(const StartPtr& start, const Uuid& id,
                const absl::StatusOr<executor::StartAnswer>& answer);
  void Known(const StartPtr& start, const Uuid& id);
  // The execution's beginning where it is a fork; null: it is none.
  absl::StatusOr<std::shared_ptr<const engine::ExecutionState>> ForkOf(
      const Start& start, const std::shared_ptr<const engine::StartInfo>& info) const;
  void Fork(const StartPtr& start, const Uuid& source);
  json::Value Payload();
  bool TooLarge(const json::Value& value) const;
  void Steer(const StartPtr& start, const Uuid& id);
  void Give(Order order, int64_t after);
  void Send(const OrderPtr& order);
  void Answered(const OrderPtr& order, const absl::Status& status);
  void Done(const Order& order);
  // Answers whatever executions wait for from outside.
  void Tend();

  World& world_;
  std::vector<StartPtr> starts_;
  std::vector<OrderPtr> orders_;
  int signals_ = 0;
  std::map<Uuid, StartPtr> acknowledged_;
};

}  // namespace agentflow::sim
