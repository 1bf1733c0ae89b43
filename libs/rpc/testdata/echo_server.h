#pragma once

// The echo server of libs/rpc's tests on real mutual TLS, and what talks to it.

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/server.h"
#include "libs/rpc/testdata/echo.pb.h"
#include "libs/rpc/testing/test_network.h"

namespace agentflow::rpc {

using testdata::EchoRequest;
using testdata::EchoResponse;

inline constexpr char kEcho[] = "agentflow.rpc.testdata.EchoService/Echo";
inline constexpr char kEchoAsync[] = "agentflow.rpc.testdata.EchoService/EchoAsync";
inline constexpr char kHello[] = "agentflow.rpc.testdata.EchoService/Hello";
inline constexpr char kInternal[] = "agentflow.rpc.testdata.EchoService/Internal";
inline constexpr char kCount[] = "agentflow.rpc.testdata.EchoService/Count";
inline constexpr char kChat[] = "agentflow.rpc.testdata.EchoService/Chat";

inline EchoRequest Say(const std::string& text, int count = 0) {
  EchoRequest request;
  request.set_text(text);
  request.set_count(count);
  return request;
}

inline EchoResponse Describe(const Call& call, const std::string& text) {
  EchoResponse response;
  response.set_text(text);
  response.set_tenant(call.tenant());
  response.set_principal(call.principal().name);
  response.set_caller(call.caller);
  response.set_trace_id(call.trace.trace_id);
  response.set_request_id(call.request_id);
  response.set_by_service(call.principal().by_service);
  return response;
}

inline absl::StatusOr<EchoResponse> AnswerEcho(const Call& call, const EchoRequest& request) {
  if (request.text() == "fail") {
    return Error(absl::StatusCode::kFailedPrecondition, "ECHO_BROKEN", "mend the echo",
                 {{"field", "text"}, {"a", "b"}});
  }
  if (request.text() == "internal") return Internal("DATABASE_BROKEN", "password=hunter2");
  if (request.text() == "throw") throw std::runtime_error("thrown");
  return Describe(call, request.text());
}

inline void RegisterEcho(Server& server) {
  server.Unary<EchoRequest, EchoResponse>(kEcho, AnswerEcho);
  server.Unary<EchoRequest, EchoResponse>(kHello, AnswerEcho);
  server.Unary<EchoRequest, EchoResponse>(kInternal, AnswerEcho);
  server.UnaryAsync<EchoRequest, EchoResponse>(
      kEchoAsync, [](CallPtr call, std::unique_ptr<EchoRequest> request, auto done) {
        if (request->text() == "drop") return;
        done(AnswerEcho(*call, *request));
      });
  server.ServerStreaming<EchoRequest, EchoResponse>(
      kCount, [](ServerStream<EchoRequest, EchoResponse> stream, const EchoRequest& request) {
        for (int i = 0; i < request.count(); ++i) {
          EchoResponse response;
          response.set_text(request.text() + std::to_string(i));
          stream.Write(response);
        }
        if (request.text() != "stay") stream.Finish();
      });
  server.BidiStreaming<EchoRequest, EchoResponse>(
      kChat, [](ServerStream<EchoRequest, EchoResponse> stream) {
        stream.Start(
            [stream](EchoRequest message) {
              if (message.text() == "fail") {
                return stream.Finish(FailedPrecondition("ECHO_BROKEN", "mend the echo"));
              }
              stream.Write(Describe(stream.call(), message.text()));
            },
            [stream] { stream.Finish(); });
      });
}

// Collects what a stream of responses gives.
class Collector {
 public:
  template <class Stream>
  void Attach(const Stream& stream) {
    stream.OnEnd([this](const absl::Status& status) {
      std::lock_guard lock(mutex_);
      status_ = status;
      ended_ = true;
      changed_.notify_all();
    });
    stream.Start([this](EchoResponse response) {
      std::lock_guard lock(mutex_);
      messages_.push_back(std::move(response));
      changed_.notify_all();
    });
  }
  absl::Status WaitEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_; });
    return status_;
  }
  std::vector<EchoResponse> WaitMessages(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return messages_.size() >= count || ended_; });
    return messages_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EchoResponse> messages_;
  absl::Status status_;
  bool ended_ = false;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options = network_.ServerOptionsFor("echo");
    options.metrics = &metrics_;
    options.audit = [this](const Call& call, const MethodAccess&, const absl::Status& status) {
      std::lock_guard lock(mutex_);
      audited_.insert(call.method + " " + std::string(absl::StatusCodeToString(status.code())));
    };
    server_ = std::make_unique<Server>(std::move(options));
    RegisterEcho(*server_);
    ASSERT_TRUE(server_->Start().ok());
    channel_ = network_.Connect("gateway", "echo", server_->port());
  }

  absl::StatusOr<EchoResponse> Ask(const char* method, const std::string& text,
                                   const CallOptions& options) {
    return channel_->Unary<EchoRequest, EchoResponse>(method, Say(text), options);
  }
  CallOptions User() { return network_.As("acme", {"echoes.*"}); }

  TestNetwork network_;
  obs::Registry metrics_;
  std::mutex mutex_;
  std::multiset<std::string> audited_;
  std::unique_ptr<Server> server_;
  ChannelPtr channel_;
};

}  // namespace agentflow::rpc
