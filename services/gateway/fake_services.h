#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agentflow/api/v1/auth.pb.h"
#include "agentflow/api/v1/execution.pb.h"
#include "agentflow/api/v1/stream.pb.h"
#include "agentflow/api/v1/worker.pb.h"
#include "agentflow/api/v1/workflow.pb.h"
#include "agentflow/internal/tenant/v1/audit_sink.pb.h"
#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/http/client.h"
#include "libs/json/value.h"
#include "libs/rpc/service.h"
#include "libs/rpc/testing/test_network.h"
#include "services/gateway/app.h"

// A whole platform of fakes behind a real gateway, over real mutual TLS. For tests only.
namespace agentflow::gateway {

class FakeServices : public testing::Test {
 protected:
  FakeServices() {
    for (const char* name :
         {"tenant", "designer", "executor", "scheduler", "coordinator", "monitor"}) {
      rpc::ServerOptions options = network_.ServerOptionsFor(name);
      options.require_all_methods = false;
      servers_[name] = std::make_unique<rpc::Server>(std::move(options));
    }
    RegisterTenant(*servers_["tenant"]);
    RegisterDesigner(*servers_["designer"]);
    RegisterStreams(*servers_["monitor"], *servers_["coordinator"]);
    for (auto& [name, server] : servers_) EXPECT_TRUE(server->Start().ok()) << name;
  }

  ~FakeServices() override {
    running_.reset();
    revocations_ = {};
    for (auto& [name, server] : servers_) server->Drain(std::chrono::milliseconds(0));
  }

  // `more`: further lines of YAML.
  void StartGateway(const std::string& more = "") {
    std::string yaml = network_.SettingsFor("gateway") +
                       "listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\nhttp_listen: 127.0.0.1:0\n"
                       "context_signing_key: " +
                       network_.context_private_key_file() + "\npeers:\n";
    for (auto& [name, server] : servers_) {
      yaml += "  " + name + ": 127.0.0.1:" + std::to_string(server->port()) + "\n";
    }
    auto running = rpc::RunningService::Start("gateway", service_, yaml + more);
    ASSERT_TRUE(running.ok()) << running.status();
    running_ = *std::move(running);
    // Watching revocations is what a gateway does first.
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return watched_; });
  }

  std::string Url(const std::string& target) {
    return "http://127.0.0.1:" + std::to_string(service_.http_port()) + target;
  }
  http::Response Call(const std::string& method, const std::string& target,
                      const std::string& body = "", http::Headers headers = {}) {
    if (!headers.Has("authorization") && !token_.empty()) {
      headers.Add("Authorization", "Bearer " + token_);
    }
    http::OutboundRequest request{method, Url(target), std::move(headers), body};
    auto response = client_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : http::Response{};
  }
  http::Response Get(const std::string& target, http::Headers headers = {}) {
    return Call("GET", target, "", std::move(headers));
  }
  static std::string ReasonIn(const http::Response& response) {
    auto problem = json::Parse(response.body);
    return problem.ok() ? problem->StringOr("reason") : response.body;
  }

  void Revoke(const std::string& tenant, const std::string& principal) {
    internal::tenant::v1::Revocation revocation;
    revocation.set_tenant(tenant);
    revocation.set_principal(principal);
    std::lock_guard lock(mutex_);
    revocations_.Write(revocation);
  }

  using Revocations = rpc::ServerStream<internal::tenant::v1::WatchRevocationsRequest,
                                        internal::tenant::v1::Revocation>;

  rpc::TestNetwork network_;
  std::map<std::string, std::unique_ptr<rpc::Server>> servers_;
  GatewayService service_;
  std::unique_ptr<rpc::RunningService> running_;
  http::Client client_{http::AddressPolicy{false, {"127.0.0.1"}}};
  std::string token_ = "good";

  std::atomic<int> authentications_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool watched_ = false;
  Revocations revocations_;
  bool revoked_ = false;
  int requests_per_second_ = 0;
  std::vector<internal::tenant::v1::AuditRecord> audited_;

 private:
  absl::StatusOr<internal::tenant::v1::Identity> Authenticate(const std::string& credential) {
    ++authentications_;
    std::lock_guard lock(mutex_);
    if (credential == "expired") {
      return Error(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED", "sign in again");
    }
    if ((credential != "good" && credential != "viewer") || revoked_) {
      return Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_INVALID", "unknown");
    }
    internal::tenant::v1::Identity identity;
    identity.set_tenant("acme");
    identity.set_principal(credential == "good" ? "users/1" : "users/2");
    identity.add_permissions(credential == "good" ? "*" : "workflows.get");
    identity.mutable_cache_for()->set_seconds(30);
    identity.mutable_quotas()->set_requests_per_second(requests_per_second_);
    identity.mutable_quotas()->set_request_burst(requests_per_second_);
    return identity;
  }

  void RegisterTenant(rpc::Server& server) {
    namespace pb = internal::tenant::v1;
    server.Unary<pb::AuthenticateRequest, pb::Identity>(
        "agentflow.internal.tenant.v1.IdentityService/Authenticate",
        [this](const rpc::Call&, const pb::AuthenticateRequest& request) {
          return Authenticate(request.credential());
        });
    server.ServerStreaming<pb::WatchRevocationsRequest, pb::Revocation>(
        "agentflow.internal.tenant.v1.IdentityService/WatchRevocations",
        [this](Revocations stream, const pb::WatchRevocationsRequest&) {
          std::lock_guard lock(mutex_);
          revocations_ = stream;
          watched_ = true;
          changed_.notify_all();
        });
    server.Unary<pb::AppendRequest, pb::AppendResponse>(
        "agentflow.internal.tenant.v1.AuditSinkService/Append",
        [this](const rpc::Call&, const pb::AppendRequest& request) {
          std::lock_guard lock(mutex_);
          audited_.insert(audited_.end(), request.records().begin(), request.records().end());
          changed_.notify_all();
          return pb::AppendResponse();
        });
    server.Unary<api::v1::LoginRequest, api::v1::TokenPair>(
        "agentflow.api.v1.AuthService/Login",
        [](const rpc::Call&,
           const api::v1::LoginRequest& request) -> absl::StatusOr<api::v1::TokenPair> {
          if (request.password() != "right") {
            return Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_INVALID", "wrong");
          }
          api::v1::TokenPair pair;
          pair.set_access_token("good");
          return pair;
        });
    server.Unary<api::v1::WhoAmIRequest, api::v1::WhoAmIResponse>(
        "agentflow.api.v1.AuthService/WhoAmI",
        [](const rpc::Call& call, const api::v1::WhoAmIRequest&) {
          api::v1::WhoAmIResponse who;
          who.set_tenant(call.tenant());
          who.set_principal(call.principal().name);
          who.set_email(call.peer);
          return who;
        });
  }

  void RegisterDesigner(rpc::Server& server) {
    server.Unary<api::v1::GetWorkflowRequest, api::v1::Workflow>(
        "agentflow.api.v1.WorkflowService/GetWorkflow",
        [](const rpc::Call& call,
           const api::v1::GetWorkflowRequest& request) -> absl::StatusOr<api::v1::Workflow> {
          if (request.name() == "workflows/missing") {
            return NotFound("WORKFLOW_UNKNOWN", "there is no workflow missing");
          }
          api::v1::Workflow workflow;
          workflow.set_name(request.name());
          workflow.set_title(call.tenant() + " " + call.principal().name + " " + call.request_id);
          workflow.set_etag(call.trace.trace_id);
          return workflow;
        });
    server.Unary<api::v1::CreateWorkflowRequest, api::v1::Workflow>(
        "agentflow.api.v1.WorkflowService/CreateWorkflow",
        [](const rpc::Call&, const api::v1::CreateWorkflowRequest& request) {
          api::v1::Workflow workflow = request.workflow();
          workflow.set_name("workflows/" + request.workflow_id());
          return workflow;
        });
  }

  void RegisterStreams(rpc::Server& monitor, rpc::Server& coordinator) {
    monitor.BidiStreaming<api::v1::ClientFrame, api::v1::ServerFrame>(
        "agentflow.api.v1.StreamService/Stream",
        [](rpc::ServerStream<api::v1::ClientFrame, api::v1::ServerFrame> stream) {
          stream.Start(
              [stream](api::v1::ClientFrame frame) {
                api::v1::ServerFrame answer;
                if (frame.has_subscribe()) {
                  if (frame.subscribe().topic() == "broken") {
                    return stream.Finish(Unavailable("MONITOR_DOWN", "come back"));
                  }
                  answer.mutable_event()->set_id(frame.subscribe().id());
                  answer.mutable_event()->set_position("p" + frame.subscribe().position());
                  answer.mutable_event()->mutable_execution()->set_name(frame.subscribe().topic());
                } else {
                  answer.mutable_pong();
                }
                stream.Write(answer);
              },
              [stream] { stream.Finish(); });
        });
    coordinator.BidiStreaming<api::v1::WorkerMessage, api::v1::CoordinatorMessage>(
        "agentflow.api.v1.WorkerService/Work",
        [](rpc::ServerStream<api::v1::WorkerMessage, api::v1::CoordinatorMessage> stream) {
          stream.Start(
              [stream](api::v1::WorkerMessage message) {
                api::v1::CoordinatorMessage answer;
                answer.mutable_cancel()->set_reason(stream.call().tenant() + " " +
                                                    message.hello().worker_id());
                stream.Write(answer);
              },
              [stream] { stream.Finish(); });
        });
  }
};

}  // namespace agentflow::gateway
