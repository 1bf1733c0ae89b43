#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/rpc/server_impl.h"
#include "libs/rpc/wire.h"

namespace agentflow::rpc {
namespace {

using Clock = std::chrono::steady_clock;

// One unary call on the server, from its first byte to its last. Deletes itself.
class UnaryReactor final : public grpc::ServerGenericBidiReactor {
 public:
  UnaryReactor(ServerRep* server, MethodEntry* method, grpc::GenericCallbackServerContext* context)
      : server_(server),
        method_(method),
        began_(Clock::now()),
        in_flight_(server),
        call_(std::make_shared<Call>()) {
    server->Describe(*context, call_.get());
    call_->deadline =
        Earlier(call_->deadline, runtime::Deadline::After(server->options.max_unary_time));
    status_ = server->Admit(*method, *context, call_.get());
    if (status_.ok()) {
      StartRead(&request_);
    } else {
      Finish(ToGrpc(status_));
    }
  }

 private:
  // Gives exactly one answer, also for a handler that drops its call: the caller must not wait.
  // Outlives the reactor, which is not touched after the answer.
  class Answer {
   public:
    explicit Answer(UnaryReactor* reactor) : reactor_(reactor) {}
    ~Answer() { Give(Internal("HANDLER_DROPPED_CALL", "the handler gave no answer"), nullptr); }
    void Give(const absl::Status& status, const google::protobuf::Message* response) {
      if (!given_.exchange(true)) reactor_->End(status, response);
    }

   private:
    UnaryReactor* const reactor_;
    std::atomic<bool> given_{false};
  };

  void OnReadDone(bool ok) override {
    if (!ok) return End(MalformedMessageError(), nullptr);
    std::unique_ptr<google::protobuf::Message> request(method_->request->New());
    bool parsed = BufferPayload(&request_).ParseTo(request.get());
    request_.Clear();
    if (!parsed) return End(MalformedMessageError(), nullptr);
    method_->blocking ? Submit(std::move(request)) : Run(std::move(request));
  }

  // Hands the call to the pool, or refuses it.
  void Submit(std::unique_ptr<google::protobuf::Message> request) {
    waiting_ = std::move(request);
    if (server_->pool->TrySubmit([this] { RunOnPool(); })) return;
    End(Error(absl::StatusCode::kResourceExhausted, "SERVER_OVERLOADED",
              "the server has too many calls waiting; try again soon",
              {{kErrorLimit, "rpc.queue"}, {kErrorRetryAfterMs, "200"}}),
        nullptr);
  }

  void RunOnPool() {
    if (call_->cancelled.load(std::memory_order_relaxed) || call_->deadline.Passed()) {
      return End(Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                       "the deadline passed before the call could run"),
                 nullptr);
    }
    obs::ScopedFields fields(
        {{"trace", call_->trace.trace_id}, {"tenant", call_->tenant()}, {"method", call_->method}});
    Run(std::move(waiting_));
  }

  void Run(std::unique_ptr<google::protobuf::Message> request) {
    // A copy, because the reactor may be gone before the handler returns.
    std::shared_ptr<Call> call = call_;
    try {
      method_->unary(call, std::move(request),
                     [answer = std::make_shared<Answer>(this)](
                         const absl::Status& status, const google::protobuf::Message* response) {
                       answer->Give(status, response);
                     });
    } catch (const std::exception& error) {
      obs::Error("a handler threw", {{"method", call->method}, {"error", error.what()}});
    }
  }

  void End(const absl::Status& status, const google::protobuf::Message* response) {
    if (status.ok() && Serialize(*response, &response_)) {
      StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
      return;
    }
    status_ = status.ok() ? Internal("RESPONSE_INVALID", "the response has no wire form")
                          : server_->Outward(*call_, status);
    Finish(ToGrpc(status_));
  }

  void OnCancel() override { call_->cancelled.store(true, std::memory_order_relaxed); }

  void OnDone() override {
    server_->Ended(method_, *call_, status_,
                   std::chrono::duration<double>(Clock::now() - began_).count());
    delete this;
  }

  ServerRep* const server_;
  MethodEntry* const method_;
  const Clock::time_point began_;
  const InFlight in_flight_;
  const std::shared_ptr<Call> call_;
  std::unique_ptr<google::protobuf::Message> waiting_;
  absl::Status status_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

grpc::ServerGenericBidiReactor* MakeUnaryReactor(ServerRep* server, MethodEntry* method,
                                                 grpc::GenericCallbackServerContext* context) {
  return new UnaryReactor(server, method, context);
}

}  // namespace agentflow::rpc
