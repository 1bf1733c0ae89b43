#include <gtest/gtest.h>

#include "agentflow/api/v1/expression.pb.h"
#include "agentflow/api/v1/node_type.pb.h"
#include "agentflow/api/v1/workflow.pb.h"
#include "agentflow/internal/designer/v1/versions.pb.h"
#include "agentflow/internal/executor/v1/variables.pb.h"
#include "agentflow/internal/tenant/v1/audit_sink.pb.h"
#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/rpc/testing/test_network.h"
#include "libs/testing/postgres.h"
#include "services/designer/app.h"

namespace agentflow::designer {
namespace {

namespace api = ::agentflow::api::v1;
namespace tenant_v1 = ::agentflow::internal::tenant::v1;
namespace executor_v1 = ::agentflow::internal::executor::v1;
namespace designer_v1 = ::agentflow::internal::designer::v1;

constexpr char kSource[] =
    "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: triage}\n"
    "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\n";

// The whole service over mutual TLS, beside a tenant service that grants two workflows.
class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() : tenant_(OptionsOf("tenant")), executor_(OptionsOf("executor")) {
    tenant_.Unary<tenant_v1::GetQuotasRequest, api::Quotas>(
        "agentflow.internal.tenant.v1.IdentityService/GetQuotas",
        [](const rpc::Call& call, const tenant_v1::GetQuotasRequest& request) {
          EXPECT_EQ(call.caller, "designer");
          api::Quotas quotas;
          quotas.set_workflows(request.tenant() == "acme" ? 2 : 0);
          return absl::StatusOr<api::Quotas>(quotas);
        });
    tenant_.Unary<tenant_v1::AppendRequest, tenant_v1::AppendResponse>(
        "agentflow.internal.tenant.v1.AuditSinkService/Append",
        [this](const rpc::Call&, const tenant_v1::AppendRequest& request) {
          std::lock_guard lock(mutex_);
          for (const auto& record : request.records()) audited_.push_back(record.resource());
          arrived_.notify_all();
          return absl::StatusOr<tenant_v1::AppendResponse>(tenant_v1::AppendResponse());
        });
    EXPECT_TRUE(tenant_.Start().ok());
    executor_.Unary<executor_v1::ReadVariablesRequest, executor_v1::ReadVariablesResponse>(
        "agentflow.internal.executor.v1.VariableService/ReadVariables",
        [this](const rpc::Call& call, const executor_v1::ReadVariablesRequest& request)
            -> absl::StatusOr<executor_v1::ReadVariablesResponse> {
          EXPECT_EQ(call.caller, "designer");
          EXPECT_EQ(call.principal().name, "users/test") << "the user's own context comes along";
          AF_RETURN_IF_ERROR(auth::RequirePermission(call.principal(), "executions.get"));
          executor_v1::ReadVariablesResponse response;
          response.set_content_hash(content_hash_);
          for (int i = 0; i < request.references_size(); ++i) {
            executor_v1::VariableValue* value = response.add_values();
            value->set_present(true);
            engine::EncodeValue(json::Object{{"n", 41}}, value->mutable_value());
          }
          return response;
        });
    EXPECT_TRUE(executor_.Start().ok());
    auto running = rpc::RunningService::Start(
        "designer", service_,
        network_.SettingsFor("designer") +
            "listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\n"
            "database: {url: '" +
            database_.Url("designer_app") + "', owner_url: '" + database_.Url("designer_owner") +
            "'}\n"
            "peers: {tenant: '127.0.0.1:" +
            std::to_string(tenant_.port()) +
            "', executor: '127.0.0.1:" + std::to_string(executor_.port()) + "'}\n");
    EXPECT_TRUE(running.ok()) << running.status();
    if (!running.ok()) return;
    running_ = *std::move(running);
    gateway_ = network_.Connect("gateway", "designer", running_->port());
  }

  rpc::ServerOptions OptionsOf(const std::string& service) {
    rpc::ServerOptions options = network_.ServerOptionsFor(service);
    options.require_all_methods = false;
    return options;
  }

  absl::StatusOr<api::Workflow> Create(const std::string& id, const rpc::CallOptions& options) {
    api::CreateWorkflowRequest request;
    request.set_workflow_id(id);
    request.mutable_workflow()->set_source(kSource);
    return gateway_->Unary<api::CreateWorkflowRequest, api::Workflow>(
        "agentflow.api.v1.WorkflowService/CreateWorkflow", request, options);
  }

  rpc::TestNetwork network_;
  testing::PostgresForTest database_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> audited_;
  std::string content_hash_;
  rpc::Server tenant_;
  rpc::Server executor_;
  DesignerService service_;
  std::unique_ptr<rpc::RunningService> running_;
  rpc::ChannelPtr gateway_;
};

TEST_F(ServiceTest, EvaluatesInAnExecutionInTheNameOfItsUser) {
  ASSERT_NE(running_, nullptr);
  auto created = Create("triage", network_.As("acme", {"workflows.*"}));
  ASSERT_TRUE(created.ok()) << created.status();
  api::PublishWorkflowRequest publish;
  publish.set_name(created->name());
  auto version = gateway_->Unary<api::PublishWorkflowRequest, api::WorkflowVersion>(
      "agentflow.api.v1.WorkflowService/PublishWorkflow", publish,
      network_.As("acme", {"workflows.*"}));
  ASSERT_TRUE(version.ok()) << version.status();
  content_hash_ = version->content_hash();
  auto evaluate = [&](const std::vector<std::string>& permissions) {
    api::EvaluateExpressionRequest request;
    request.set_expression("inputs.n + 1");
    request.set_execution("executions/1");
    return gateway_->Unary<api::EvaluateExpressionRequest, api::EvaluateExpressionResponse>(
        "agentflow.api.v1.ExpressionService/EvaluateExpression", request,
        network_.As("acme", permissions));
  };
  auto answer = evaluate({"expressions.evaluate", "executions.get"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->value().number_value(), 42);
  EXPECT_EQ(answer->type(), "int");
  EXPECT_EQ(ReasonOf(evaluate({"expressions.evaluate"}).status()), "PERMISSION_MISSING");
  EXPECT_EQ(ReasonOf(evaluate({"executions.get"}).status()), "PERMISSION_MISSING");
}

TEST_F(ServiceTest, ServesUsersWithinTheirRightsAndQuota) {
  ASSERT_NE(running_, nullptr);
  auto created = Create("triage", network_.As("acme", {"workflows.*"}));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->source(), kSource);
  auto refused = Create("other", network_.As("acme", {"workflows.get"})).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(refused), "PERMISSION_MISSING");
  EXPECT_TRUE(Create("second", network_.As("acme", {"workflows.*"})).ok());
  EXPECT_EQ(ReasonOf(Create("third", network_.As("acme", {"workflows.*"})).status()),
            "QUOTA_EXCEEDED");
  // A quota of 0 is the default of the settings.
  EXPECT_TRUE(Create("triage", network_.As("bolt", {"workflows.*"})).ok());

  std::unique_lock lock(mutex_);
  EXPECT_TRUE(
      arrived_.wait_for(lock, std::chrono::seconds(30), [this] { return audited_.size() >= 3; }));
  EXPECT_EQ(audited_[0], "workflows/triage");
}

TEST_F(ServiceTest, AnswersTheExecutorAndNobodyElse) {
  ASSERT_NE(running_, nullptr);
  ASSERT_TRUE(Create("triage", network_.As("acme", {"workflows.*"})).ok());
  api::PublishWorkflowRequest publish;
  publish.set_name("workflows/triage");
  auto version = gateway_->Unary<api::PublishWorkflowRequest, api::WorkflowVersion>(
      "agentflow.api.v1.WorkflowService/PublishWorkflow", publish,
      network_.As("acme", {"workflows.*"}));
  ASSERT_TRUE(version.ok()) << version.status();

  designer_v1::ResolveVersionsRequest request;
  request.add_questions()->set_tenant("acme");
  request.mutable_questions(0)->set_workflow("workflows/triage");
  constexpr char kResolve[] = "agentflow.internal.designer.v1.VersionService/ResolveVersions";
  auto executor = network_.Connect("executor", "designer", running_->port());
  auto resolved =
      executor->Unary<designer_v1::ResolveVersionsRequest, designer_v1::ResolveVersionsResponse>(
          kResolve, request);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->answers(0).content_hash(), version->content_hash());
  auto refused =
      gateway_->Unary<designer_v1::ResolveVersionsRequest, designer_v1::ResolveVersionsResponse>(
          kResolve, request, network_.As("acme", {"*"}));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace agentflow::designer
