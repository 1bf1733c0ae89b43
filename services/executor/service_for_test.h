#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "agentflow/api/v1/execution.pb.h"
#include "agentflow/internal/designer/v1/versions.pb.h"
#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "agentflow/internal/executor/v1/feed.pb.h"
#include "agentflow/internal/tenant/v1/erasure.pb.h"
#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/json/value.h"
#include "libs/redis/streams.h"
#include "libs/rpc/service.h"
#include "libs/rpc/testing/test_network.h"
#include "libs/testing/postgres.h"
#include "libs/testing/redis.h"
#include "libs/workflow/analyze.h"
#include "libs/workflow/source_text.h"
#include "services/executor/app.h"

// The real executor over PostgreSQL, Redis and mutual TLS, with everybody around it faked.
namespace agentflow::executor {

namespace api = agentflow::api::v1;
namespace internal = agentflow::internal::executor::v1;

// True as soon as `condition` holds; false after half a minute.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return condition();
}

// Published versions of any tenant.
class FakeDesigner {
 public:
  explicit FakeDesigner(rpc::TestNetwork& network) : server_(Options(network)) {
    namespace pb = agentflow::internal::designer::v1;
    server_.Unary<pb::ResolveVersionsRequest, pb::ResolveVersionsResponse>(
        "agentflow.internal.designer.v1.VersionService/ResolveVersions",
        [this](const rpc::Call&, const pb::ResolveVersionsRequest& request)
            -> absl::StatusOr<pb::ResolveVersionsResponse> {
          std::lock_guard lock(mutex_);
          ++calls;
          pb::ResolveVersionsResponse response;
          for (const pb::VersionQuestion& question : request.questions()) {
            pb::VersionAnswer* answer = response.add_answers();
            auto it = versions_.find(question.workflow());
            const auto version = static_cast<size_t>(question.version());
            if (it == versions_.end()) {
              answer->set_error_reason("WORKFLOW_NOT_FOUND");
            } else if (version > it->second.size()) {
              answer->set_error_reason("VERSION_NOT_FOUND");
            } else {
              const size_t number = version == 0 ? it->second.size() : version;
              answer->set_version(static_cast<int>(number));
              answer->set_content_hash(it->second[number - 1]);
            }
          }
          return response;
        });
    server_.Unary<pb::GetDocumentRequest, pb::GetDocumentResponse>(
        "agentflow.internal.designer.v1.VersionService/GetDocument",
        [this](const rpc::Call&,
               const pb::GetDocumentRequest& request) -> absl::StatusOr<pb::GetDocumentResponse> {
          std::lock_guard lock(mutex_);
          pb::GetDocumentResponse response;
          response.set_document_json(documents_.at(request.content_hash()));
          return response;
        });
    AF_CHECK(server_.Start().ok());
  }
  int port() const { return server_.port(); }

  // Publishes YAML text as the next version of workflows/{id}.
  void Publish(const std::string& id, const std::string& yaml) {
    absl::StatusOr<workflow::SourceText> text = workflow::ParseText(yaml);
    AF_CHECK(text.ok());
    const std::string canonical = workflow::CanonicalContent(text->value);
    const std::string hash = "sha256:" + crypto::Sha256Hex(canonical);
    std::lock_guard lock(mutex_);
    documents_[hash] = canonical;
    versions_["workflows/" + id].push_back(hash);
  }
  std::atomic<int> calls{0};

 private:
  static rpc::ServerOptions Options(rpc::TestNetwork& network) {
    rpc::ServerOptions options = network.ServerOptionsFor("designer");
    options.require_all_methods = false;
    return options;
  }
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> versions_;
  std::map<std::string, std::string> documents_;
  rpc::Server server_;
};

class FakeTenants {
 public:
  explicit FakeTenants(rpc::TestNetwork& network) : server_(Options(network)) {
    namespace pb = agentflow::internal::tenant::v1;
    server_.Unary<pb::GetQuotasRequest, api::Quotas>(
        "agentflow.internal.tenant.v1.IdentityService/GetQuotas",
        [](const rpc::Call&, const pb::GetQuotasRequest& request) -> absl::StatusOr<api::Quotas> {
          api::Quotas quotas;
          quotas.set_live_executions(request.tenant() == "small" ? 2 : 0);
          return quotas;
        });
    server_.Unary<pb::AuthorizeRequest, pb::Identity>(
        "agentflow.internal.tenant.v1.IdentityService/Authorize",
        [](const rpc::Call&, const pb::AuthorizeRequest& request) -> absl::StatusOr<pb::Identity> {
          pb::Identity identity;
          if (request.principal() == "users/starter") identity.add_permissions("executions.start");
          return identity;
        });
    server_.Unary<pb::ListErasuresRequest, pb::ListErasuresResponse>(
        "agentflow.internal.tenant.v1.ErasureService/ListErasures",
        [this](const rpc::Call&,
               const pb::ListErasuresRequest&) -> absl::StatusOr<pb::ListErasuresResponse> {
          std::lock_guard lock(mutex_);
          pb::ListErasuresResponse response;
          for (const std::string& tenant : deleted_) response.add_tenants(tenant);
          return response;
        });
    server_.Unary<pb::ReportErasedRequest, pb::ReportErasedResponse>(
        "agentflow.internal.tenant.v1.ErasureService/ReportErased",
        [this](const rpc::Call&,
               const pb::ReportErasedRequest& request) -> absl::StatusOr<pb::ReportErasedResponse> {
          std::lock_guard lock(mutex_);
          deleted_.erase(request.tenant());
          erased_.insert(request.tenant());
          return pb::ReportErasedResponse();
        });
    AF_CHECK(server_.Start().ok());
  }
  int port() const { return server_.port(); }
  void Delete(const std::string& tenant) {
    std::lock_guard lock(mutex_);
    deleted_.insert(tenant);
  }
  bool Erased(const std::string& tenant) {
    std::lock_guard lock(mutex_);
    return erased_.contains(tenant);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> deleted_, erased_;
  static rpc::ServerOptions Options(rpc::TestNetwork& network) {
    rpc::ServerOptions options = network.ServerOptionsFor("tenant");
    options.require_all_methods = false;
    return options;
  }
  rpc::Server server_;
};

// A coordinator with one link.
class FakeCoordinator {
 public:
  FakeCoordinator(rpc::ChannelPtr executor, const std::string& redis_url, std::string id)
      : redis_({.url = redis_url}), id_(std::move(id)) {
    link_ = executor->Bidi<internal::CoordinatorReports, internal::ExecutorOrders>(
        "agentflow.internal.executor.v1.DispatchService/Link");
    link_.OnEnd([state = state_](const absl::Status&) { state->ended = true; });
    link_.Start([state = state_](internal::ExecutorOrders orders) {
      std::lock_guard lock(state->mutex);
      if (orders.lease_ms() != 0) state->lease_ms = orders.lease_ms();
      for (const auto& ref : orders.drop()) state->dropped.insert(Key(ref));
      for (const auto& ref : orders.acknowledged()) state->acknowledged.insert(Key(ref));
      for (const auto& refused : orders.refused()) state->refused.insert(Key(refused.ref()));
      for (const auto& cancel : orders.cancel()) state->canceled.insert(Key(cancel.ref()));
      for (int lane : orders.lanes_moved()) state->lanes_moved.insert(lane);
    });
  }
  ~FakeCoordinator() { link_.Cancel(); }

  static std::string Key(const internal::AttemptRef& ref) {
    return ref.execution_id() + "/" + ref.step() + "/" + std::to_string(ref.attempt());
  }

  // A task of an agent of tenant acme, if one comes soon.
  bool TryTake(const std::string& agent, internal::QueuedTask* task) {
    const std::string stream = "af:tasks:{acme:" + agent + "}:3";
    if (!redis::EnsureGroup(redis_, stream, "coordinators").ok()) return false;
    auto batches = redis::ReadGroup(redis_, "coordinators", id_, {stream}, 1, 100);
    if (!batches.ok() || batches->empty()) return false;
    return task->ParseFromString(std::string((*batches)[0].entries[0].Field("t")));
  }
  // The next one; waits for it.
  internal::QueuedTask Take(const std::string& agent) {
    internal::QueuedTask task;
    EXPECT_TRUE(Eventually([&] { return TryTake(agent, &task); })) << "no task for " << agent;
    return task;
  }
  void Claim(const internal::QueuedTask& task) {
    internal::CoordinatorReports reports = Reports();
    internal::Claim* claim = reports.add_claimed();
    *claim->mutable_ref() = task.ref();
    claim->set_number(1);
    link_.Write(reports);
  }
  void Complete(const internal::QueuedTask& task, const std::string& json,
                const std::string& token = "") {
    internal::CoordinatorReports reports = Reports();
    internal::AttemptResult* result = reports.add_results();
    *result->mutable_ref() = task.ref();
    result->set_token(token.empty() ? task.token() : token);
    result->set_output_json(json);
    link_.Write(reports);
  }
  void Fail(const internal::QueuedTask& task, const std::string& reason) {
    internal::CoordinatorReports reports = Reports();
    internal::AttemptResult* result = reports.add_results();
    *result->mutable_ref() = task.ref();
    result->set_token(task.token());
    result->mutable_failure()->set_reason(reason);
    result->mutable_failure()->set_message("it broke");
    link_.Write(reports);
  }
  bool Acknowledged(const internal::QueuedTask& task) { return Has(&State::acknowledged, task); }
  bool Refused(const internal::QueuedTask& task) { return Has(&State::refused, task); }
  bool Dropped(const internal::QueuedTask& task) { return Has(&State::dropped, task); }
  bool Canceled(const internal::QueuedTask& task) { return Has(&State::canceled, task); }
  int64_t lease_ms() {
    std::lock_guard lock(state_->mutex);
    return state_->lease_ms;
  }

 private:
  struct State {
    std::mutex mutex;
    int64_t lease_ms = 0;
    std::set<std::string> dropped, acknowledged, canceled, refused;
    std::set<int> lanes_moved;
    std::atomic<bool> ended{false};
  };
  bool Has(std::set<std::string> State::*set, const internal::QueuedTask& task) {
    std::lock_guard lock(state_->mutex);
    return ((*state_).*set).contains(Key(task.ref()));
  }
  internal::CoordinatorReports Reports() {
    internal::CoordinatorReports reports;
    reports.set_coordinator_id(id_);
    return reports;
  }

  redis::Client redis_;
  const std::string id_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  rpc::ClientStream<internal::CoordinatorReports, internal::ExecutorOrders> link_;
};

class ExecutorServiceTest : public ::testing::Test {
 protected:
  ExecutorServiceTest() : designer_(network_), tenants_(network_) { StartExecutor(); }

  void StartExecutor(int committers = 1) {
    running_.reset();
    app_ = std::make_unique<App>();
    auto running = rpc::RunningService::Start("executor", *app_, Settings(committers, 0));
    ASSERT_TRUE(running.ok()) << running.status();
    running_ = *std::move(running);
    Connect(running_->port());
  }

  // As YAML.
  std::string Settings(int committers, int port, const std::string& owner = "test") {
    return network_.SettingsFor("executor") + "listen: \"127.0.0.1:" + std::to_string(port) +
           "\"\n" + R"(
admin_listen: "127.0.0.1:0"
address: "executor-test:7103"
task_token_key: "a key for tests"
encryption: {keys: "main=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", check: 100ms}
lease_renewal: 200ms
lane_check: 100ms
task: {heartbeat: 300ms}
)" +
           "owner_id: " + owner + "\ncommitters: " + std::to_string(committers) +
           "\ndatabase: {url: \"" + database_.Url("executor_app") + "\", owner_url: \"" +
           database_.Url("executor_owner") + "\", engine_url: \"" +
           database_.Url("executor_engine") + "\"}\nredis: {url: \"" + redis_.url() +
           "\"}\npeers: {designer: [\"127.0.0.1:" + std::to_string(designer_.port()) +
           "\"], tenant: [\"127.0.0.1:" + std::to_string(tenants_.port()) + "\"]}\n";
  }

  void Connect(int port) {
    gateway_ = network_.Connect("gateway", "executor", port);
    coordinator_channel_ = network_.Connect("coordinator", "executor", port);
    monitor_ = network_.Connect("monitor", "executor", port);
    scheduler_ = network_.Connect("scheduler", "executor", port);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::string& tenant = "acme") {
    return gateway_->Unary<Request, Response>("agentflow.api.v1.ExecutionService/" + method,
                                              request, network_.As(tenant, {"executions.*"}));
  }
  absl::StatusOr<api::Execution> Start(const std::string& workflow, const std::string& input = "{}",
                                       const std::string& request_id = "",
                                       const std::string& tenant = "acme") {
    api::StartExecutionRequest request;
    request.set_workflow("workflows/" + workflow);
    AF_CHECK(google::protobuf::util::JsonStringToMessage(input, request.mutable_input()).ok());
    request.set_request_id(request_id);
    return Call<api::Execution>("StartExecution", request, tenant);
  }
  absl::StatusOr<api::Execution> Get(const std::string& name, const std::string& tenant = "acme") {
    api::GetExecutionRequest request;
    request.set_name(name);
    return Call<api::Execution>("GetExecution", request, tenant);
  }
  api::ListStepsResponse Steps(const std::string& name) {
    api::ListStepsRequest request;
    request.set_parent(name);
    auto response = Call<api::ListStepsResponse>("ListSteps", request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : api::ListStepsResponse();
  }
  bool IsCompleted(const std::string& name) {
    auto execution = Get(name);
    return execution.ok() && execution->state() == api::Execution::COMPLETED;
  }

  testing::PostgresForTest database_;
  testing::RedisForTest redis_;
  rpc::TestNetwork network_;
  FakeDesigner designer_;
  FakeTenants tenants_;
  std::unique_ptr<App> app_;
  std::unique_ptr<rpc::RunningService> running_;
  rpc::ChannelPtr gateway_, coordinator_channel_, monitor_, scheduler_;
};

}  // namespace agentflow::executor
