#include <condition_variable>

#include "services/gateway/fake_services.h"

namespace agentflow::gateway {
namespace {

class GrpcTest : public FakeServices {
 protected:
  void SetUp() override {
    StartGateway();
    rpc::ChannelOptions options;
    options.service = "gateway";
    options.addresses = {"127.0.0.1:" + std::to_string(running_->port())};
    channel_ = *rpc::Channel::Make(options);
  }
  static rpc::CallOptions As(const std::string& token) {
    rpc::CallOptions options;
    options.metadata = {{"authorization", "Bearer " + token}};
    return options;
  }
  absl::StatusOr<api::v1::Workflow> GetWorkflow(const std::string& name,
                                                const rpc::CallOptions& options) {
    api::v1::GetWorkflowRequest request;
    request.set_name(name);
    return channel_->Unary<api::v1::GetWorkflowRequest, api::v1::Workflow>(
        "agentflow.api.v1.WorkflowService/GetWorkflow", request, options);
  }

  rpc::ChannelPtr channel_;
};

TEST_F(GrpcTest, UnaryCallsGoThroughAsTheyAre) {
  rpc::CallOptions options = As("good");
  options.request_id = "r7";
  auto workflow = GetWorkflow("workflows/a", options);
  ASSERT_TRUE(workflow.ok()) << workflow.status();
  EXPECT_EQ(workflow->title(), "acme users/1 r7");
}

TEST_F(GrpcTest, ErrorsKeepCodeReasonAndMessage) {
  absl::Status status = GetWorkflow("workflows/missing", As("good")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "WORKFLOW_UNKNOWN");
  EXPECT_EQ(MessageOf(status), "there is no workflow missing");
}

TEST_F(GrpcTest, TheChainIsTheSameAsForHttp) {
  EXPECT_EQ(ReasonOf(GetWorkflow("workflows/a", {}).status()), "CREDENTIALS_MISSING");
  EXPECT_EQ(ReasonOf(GetWorkflow("workflows/a", As("nope")).status()), "CREDENTIALS_INVALID");
  api::v1::CreateWorkflowRequest request;
  auto created = channel_->Unary<api::v1::CreateWorkflowRequest, api::v1::Workflow>(
      "agentflow.api.v1.WorkflowService/CreateWorkflow", request, As("viewer"));
  EXPECT_EQ(ReasonOf(created.status()), "PERMISSION_MISSING");
}

TEST_F(GrpcTest, ForgedContextsAndInternalMethodsGoNowhere) {
  rpc::CallOptions forged = network_.As("other", {"*"});
  EXPECT_EQ(ReasonOf(GetWorkflow("workflows/a", forged).status()), "CREDENTIALS_MISSING");
  forged.metadata = {{"authorization", "Bearer good"}, {"af-tenant", "other"}};
  auto workflow = GetWorkflow("workflows/a", forged);
  ASSERT_TRUE(workflow.ok()) << workflow.status();
  EXPECT_TRUE(workflow->title().starts_with("acme users/1"));
  internal::tenant::v1::AuthenticateRequest request;
  request.set_credential("good");
  auto identity =
      channel_->Unary<internal::tenant::v1::AuthenticateRequest, internal::tenant::v1::Identity>(
          "agentflow.internal.tenant.v1.IdentityService/Authenticate", request, As("good"));
  EXPECT_EQ(ReasonOf(identity.status()), "METHOD_UNKNOWN");
}

TEST_F(GrpcTest, WorkerStreamsAreForwardedBothWays) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> received;
  absl::Status end = absl::UnknownError("open");
  auto stream = channel_->Bidi<api::v1::WorkerMessage, api::v1::CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work", As("good"));
  stream.OnEnd([&](const absl::Status& status) {
    std::lock_guard lock(mutex);
    end = status;
    changed.notify_all();
  });
  stream.Start([&](api::v1::CoordinatorMessage message) {
    std::lock_guard lock(mutex);
    received.push_back(message.cancel().reason());
    changed.notify_all();
  });
  for (int i = 0; i < 3; ++i) {
    api::v1::WorkerMessage message;
    message.mutable_hello()->set_worker_id("w" + std::to_string(i));
    stream.Write(message);
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return received.size() == 3; });
  EXPECT_EQ(received, (std::vector<std::string>{"acme w0", "acme w1", "acme w2"}));
  stream.WritesDone();
  changed.wait(lock, [&] { return end.code() != absl::StatusCode::kUnknown; });
  EXPECT_TRUE(end.ok()) << end;
}

TEST_F(GrpcTest, AGatewayThatStopsEndsItsStreamsAtOnce) {
  std::mutex mutex;
  std::condition_variable changed;
  bool answered = false;
  absl::Status end;
  auto stream = channel_->Bidi<api::v1::WorkerMessage, api::v1::CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work", As("good"));
  stream.OnEnd([&](const absl::Status& status) {
    std::lock_guard lock(mutex);
    end = status;
    changed.notify_all();
  });
  stream.Start([&](api::v1::CoordinatorMessage) {
    std::lock_guard lock(mutex);
    answered = true;
    changed.notify_all();
  });
  stream.Write(api::v1::WorkerMessage());
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answered; });
  lock.unlock();
  running_.reset();
  lock.lock();
  changed.wait(lock, [&] { return !end.ok(); });
  EXPECT_EQ(ReasonOf(end), "GATEWAY_STOPPING");
}

TEST_F(GrpcTest, StreamsPassTheChainToo) {
  std::mutex mutex;
  std::condition_variable changed;
  absl::Status end;
  auto stream = channel_->Bidi<api::v1::WorkerMessage, api::v1::CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work", As("viewer"));
  stream.OnEnd([&](const absl::Status& status) {
    std::lock_guard lock(mutex);
    end = status;
    changed.notify_all();
  });
  stream.Start([](api::v1::CoordinatorMessage) {});
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return !end.ok(); });
  EXPECT_EQ(ReasonOf(end), "PERMISSION_MISSING");
}

TEST_F(GrpcTest, StreamsEndWhenTheirCredentialIsRevoked) {
  std::mutex mutex;
  std::condition_variable changed;
  bool answered = false;
  absl::Status end;
  auto stream = channel_->Bidi<api::v1::WorkerMessage, api::v1::CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work", As("good"));
  stream.OnEnd([&](const absl::Status& status) {
    std::lock_guard lock(mutex);
    end = status;
    changed.notify_all();
  });
  stream.Start([&](api::v1::CoordinatorMessage) {
    std::lock_guard lock(mutex);
    answered = true;
    changed.notify_all();
  });
  api::v1::WorkerMessage message;
  message.mutable_hello()->set_worker_id("w");
  stream.Write(message);
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answered; });
  Revoke("acme", "users/1");
  changed.wait(lock, [&] { return !end.ok(); });
  EXPECT_EQ(ReasonOf(end), "CREDENTIAL_ENDED");
}

}  // namespace
}  // namespace agentflow::gateway
