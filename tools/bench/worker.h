#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agentflow/api/v1/worker.pb.h"
#include "tools/bench/target.h"

namespace agentflow::bench {

// One worker of one agent that answers every task at once with its own input.
class EchoWorker {
 public:
  using OnTask = std::function<void(const api::v1::Task&)>;

  // `on_task` is called on a library thread, for each task as it arrives.
  static absl::StatusOr<std::unique_ptr<EchoWorker>> Connect(const StackFiles& files,
                                                             const std::string& agent,
                                                             int capacity, OnTask on_task = {});
  ~EchoWorker();

  void Beat() const;
  bool welcome() const { return welcome_; }
  bool ended() const { return ended_; }

 private:
  EchoWorker() = default;
  void Take(api::v1::CoordinatorMessage message);

  OnTask on_task_;
  std::atomic<bool> welcome_{false};
  std::atomic<bool> ended_{false};
  rpc::ClientStream<api::v1::WorkerMessage, api::v1::CoordinatorMessage> stream_;
};

}  // namespace agentflow::bench
