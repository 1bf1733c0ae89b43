#include "tools/bench/worker.h"

#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "libs/base/status.h"
#include "tools/bench/scenarios.h"

namespace agentflow::bench {
namespace {

using api::v1::CoordinatorMessage;
using api::v1::WorkerMessage;

std::atomic<bool> stopping{false};

}  // namespace

absl::StatusOr<std::unique_ptr<EchoWorker>> EchoWorker::Connect(const StackFiles& files,
                                                                const std::string& agent,
                                                                int capacity, OnTask on_task) {
  std::unique_ptr<EchoWorker> worker(new EchoWorker());
  worker->on_task_ = std::move(on_task);
  AF_ASSIGN_OR_RETURN(rpc::ChannelPtr gateway, PublicChannel(files));
  rpc::CallOptions options;
  options.metadata = {{"authorization", "Bearer " + files.api_key}};
  worker->stream_ = gateway->Bidi<WorkerMessage, CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work", options);
  worker->stream_.OnEnd([raw = worker.get()](const absl::Status&) { raw->ended_ = true; });
  WorkerMessage hello;
  hello.mutable_hello()->set_worker_id(agent);
  hello.mutable_hello()->set_capacity(capacity);
  hello.mutable_hello()->set_client("agentflow-bench/0.1.0");
  hello.mutable_hello()->add_agents()->set_id(agent);
  WorkerMessage credit;
  credit.mutable_credit()->set_tasks(capacity);
  worker->stream_.Start(
      [raw = worker.get()](CoordinatorMessage message) { raw->Take(std::move(message)); });
  worker->stream_.Write(hello);
  worker->stream_.Write(credit);
  return worker;
}

EchoWorker::~EchoWorker() {
  stream_.Cancel();
  while (!ended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void EchoWorker::Beat() const {
  WorkerMessage beat;
  beat.mutable_heartbeat();
  stream_.Write(beat);
}

// One TaskResults and one Credit for each message of tasks.
void EchoWorker::Take(CoordinatorMessage message) {
  if (message.has_welcome()) welcome_ = true;
  if (!message.has_tasks()) return;
  WorkerMessage results;
  for (auto& task : *message.mutable_tasks()->mutable_tasks()) {
    if (on_task_) on_task_(task);
    auto* result = results.mutable_results()->add_results();
    result->set_task_id(task.task_id());
    result->set_attempt(task.attempt());
    result->set_token(task.token());
    result->mutable_output()->Swap(task.mutable_input());
  }
  WorkerMessage credit;
  credit.mutable_credit()->set_tasks(message.tasks().tasks_size());
  stream_.Write(results);
  stream_.Write(credit);
}

absl::Status ServeWorker(const StackFiles& files, int capacity) {
  std::signal(SIGTERM, [](int) { stopping = true; });
  while (!stopping) {
    AF_ASSIGN_OR_RETURN(auto worker, EchoWorker::Connect(files, "bench", capacity));
    while (!stopping && !worker->ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      worker->Beat();
    }
  }
  return absl::OkStatus();
}

}  // namespace agentflow::bench
