#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "agentflow/api/v1/worker.pb.h"
#include "libs/base/status.h"
#include "tools/bench/scenarios.h"

namespace agentflow::bench {
namespace {

using api::v1::CoordinatorMessage;
using api::v1::WorkerMessage;

std::atomic<bool> stopping{false};

// One TaskResults and one Credit for each message of tasks.
void Echo(const rpc::ClientStream<WorkerMessage, CoordinatorMessage>& stream,
          CoordinatorMessage message) {
  if (!message.has_tasks()) return;
  WorkerMessage results;
  for (auto& task : *message.mutable_tasks()->mutable_tasks()) {
    auto* result = results.mutable_results()->add_results();
    result->set_task_id(task.task_id());
    result->set_attempt(task.attempt());
    result->set_token(task.token());
    result->mutable_output()->Swap(task.mutable_input());
  }
  WorkerMessage credit;
  credit.mutable_credit()->set_tasks(message.tasks().tasks_size());
  stream.Write(results);
  stream.Write(credit);
}

}  // namespace

absl::Status ServeWorker(const StackFiles& files, int capacity) {
  std::signal(SIGTERM, [](int) { stopping = true; });
  AF_ASSIGN_OR_RETURN(rpc::ChannelPtr gateway, PublicChannel(files));
  rpc::CallOptions options;
  options.metadata = {{"authorization", "Bearer " + files.api_key}};
  auto stream = gateway->Bidi<WorkerMessage, CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work", options);
  std::atomic<bool> ended{false};
  stream.OnEnd([&](const absl::Status&) { ended = true; });
  WorkerMessage hello;
  hello.mutable_hello()->set_worker_id("bench");
  hello.mutable_hello()->set_capacity(capacity);
  hello.mutable_hello()->set_client("agentflow-bench/0.1.0");
  hello.mutable_hello()->add_agents()->set_id("bench");
  WorkerMessage credit;
  credit.mutable_credit()->set_tasks(capacity);
  stream.Start([stream](CoordinatorMessage message) { Echo(stream, std::move(message)); });
  stream.Write(hello);
  stream.Write(credit);
  WorkerMessage beat;
  beat.mutable_heartbeat();
  while (!stopping && !ended) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stream.Write(beat);
  }
  stream.Cancel();
  while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return stopping ? absl::OkStatus() : Unavailable("STREAM_LOST", "the worker's stream ended");
}

}  // namespace agentflow::bench
