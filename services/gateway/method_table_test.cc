#include "services/gateway/method_table.h"

#include "gtest/gtest.h"

namespace agentflow::gateway {
namespace {

std::unique_ptr<MethodTable> Table() {
  auto table =
      MethodTable::Build({"tenant", "designer", "executor", "scheduler", "coordinator", "monitor"});
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

TEST(MethodTable, HoldsEveryPublicMethodAndNoInternalOne) {
  auto table = Table();
  const Method* start = table->Find("/agentflow.api.v1.ExecutionService/StartExecution");
  ASSERT_NE(start, nullptr);
  EXPECT_EQ(start->backend, "executor");
  EXPECT_EQ(start->access.permission, "executions.start");
  EXPECT_EQ(start->name, "ExecutionService.StartExecution");
  ASSERT_EQ(start->lane_from.size(), 1u);
  EXPECT_FALSE(start->streaming);
  EXPECT_TRUE(table->Find("agentflow.api.v1.WorkerService/Work")->streaming);
  EXPECT_EQ(table->Find("agentflow.internal.tenant.v1.IdentityService/Authenticate"), nullptr);
  EXPECT_EQ(table->Find("agentflow.api.v1.ExecutionService/Nope"), nullptr);
  // Every public proto is linked, also those that no code of the gateway names.
  for (const char* service : {"AgentService", "ApiKeyService", "ApprovalService", "AuditService",
                              "AuthService", "ExecutionService", "MigrationService",
                              "NodeTypeService", "ScheduleService", "StatsService", "StreamService",
                              "TenantService", "UserService", "WorkerService", "WorkflowService"}) {
    EXPECT_NE(std::find(table->services().begin(), table->services().end(),
                        std::string("agentflow.api.v1.") + service),
              table->services().end())
        << service;
  }
}

TEST(MethodTable, RoutesLeadToTheirMethods) {
  auto table = Table();
  struct Case {
    const char* verb;
    const char* path;
    const char* method;
  } cases[] = {
      {"POST", "/v1/auth/login", "AuthService.Login"},
      {"POST", "/v1/workflows/a:start", "ExecutionService.StartExecution"},
      {"POST", "/v1/workflows/a:publish", "WorkflowService.PublishWorkflow"},
      {"POST", "/v1/workflows:validate", "WorkflowService.ValidateWorkflow"},
      {"GET", "/v1/workflows/a/versions/2", "WorkflowService.GetWorkflowVersion"},
      {"GET", "/v1/executions/x/steps", "ExecutionService.ListSteps"},
      {"POST", "/v1/workflows/a:batchStart", "ExecutionService.BatchStartExecutions"},
      {"POST", "/v1/executions/x:signal", "ExecutionService.SignalExecution"},
      {"POST", "/v1/approvals/x:approve", "ApprovalService.Approve"},
      {"GET", "/v1/workflows/a/migrations/x", "MigrationService.GetMigration"},
      {"GET", "/v1/nodeTypes/flow.if@1", "NodeTypeService.GetNodeType"},
      {"GET", "/v1/tenants/acme", "TenantService.GetTenant"},
  };
  for (const Case& c : cases) {
    auto match = table->routes().Find(c.verb, c.path);
    ASSERT_TRUE(match.ok()) << c.path;
    EXPECT_EQ(table->Of(*match->binding).name, c.method);
  }
}

}  // namespace
}  // namespace agentflow::gateway
