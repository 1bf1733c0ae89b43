#pragma once

#include <gtest/gtest.h>

#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <string>

#include "libs/base/status.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/designer.h"
#include "services/designer/rpc/node_type_rpc.h"
#include "services/designer/rpc/version_rpc.h"
#include "services/designer/rpc/workflow_rpc.h"

namespace agentflow::designer {

// The designer's handlers on a real database, without a network.
class DesignerTest : public ::testing::Test {
 protected:
  DesignerTest() {
    absl::Status migrated = pg::Migrate(database_.Url("designer_owner"), Migrations());
    if (!migrated.ok()) ADD_FAILURE() << migrated;
    pool_ = std::make_unique<pg::Pool>(pg::PoolOptions{.url = database_.Url("designer_app")});
    rpc_ = std::make_unique<WorkflowRpc>(
        WorkflowRpc::Parts{.pool = *pool_, .clock = clock_, .quotas = quotas_});
    versions_ = std::make_unique<VersionRpc>(*pool_);
    acme_.method = "agentflow.api.v1.WorkflowService/Test";
    acme_.identity = Someone("acme", "users/1");
    bolt_.identity = Someone("bolt", "users/2");
  }

  static auth::PrincipalPtr Someone(std::string tenant, std::string name) {
    auth::Principal principal;
    principal.tenant = std::move(tenant);
    principal.name = std::move(name);
    principal.permissions = {"*"};
    return std::make_shared<auth::Principal>(std::move(principal));
  }

  // A valid document; `value` makes it another one.
  static std::string Source(const std::string& name, int value = 1) {
    return "# a comment that is kept\n"
           "apiVersion: agentflow/v1\n"
           "kind: Workflow\n"
           "metadata: {name: " +
           name + ", title: The " + name +
           ", labels: {team: docs}}\n"
           "nodes:\n"
           "  a: {type: data.transform@1, with: {value: " +
           std::to_string(value) +
           "}}\n"
           "edges: [start -> a]\n";
  }

  absl::StatusOr<api::Workflow> Create(const rpc::Call& call, const std::string& source,
                                       const std::string& request_id = "") {
    api::CreateWorkflowRequest request;
    request.mutable_workflow()->set_source(source);
    request.set_request_id(request_id);
    return rpc_->Create(call, request);
  }
  absl::StatusOr<api::Workflow> Get(const rpc::Call& call, const std::string& name) {
    api::GetWorkflowRequest request;
    request.set_name(name);
    return rpc_->Get(call, request);
  }
  absl::StatusOr<api::Workflow> Update(const rpc::Call& call, const std::string& name,
                                       const std::string& source, const std::string& etag = "") {
    api::UpdateWorkflowRequest request;
    request.mutable_workflow()->set_name(name);
    request.mutable_workflow()->set_source(source);
    request.mutable_workflow()->set_etag(etag);
    return rpc_->Update(call, request);
  }
  absl::StatusOr<api::WorkflowVersion> Publish(const rpc::Call& call, const std::string& name,
                                               const std::string& etag = "") {
    api::PublishWorkflowRequest request;
    request.set_name(name);
    request.set_etag(etag);
    request.set_comment("because");
    return rpc_->Publish(call, request);
  }
  absl::Status Delete(const rpc::Call& call, const std::string& name) {
    api::DeleteWorkflowRequest request;
    request.set_name(name);
    return rpc_->Delete(call, request).status();
  }

  static bool Same(const google::protobuf::Message& a, const google::protobuf::Message& b) {
    return google::protobuf::util::MessageDifferencer::Equals(a, b);
  }

  testing::PostgresForTest database_;
  ManualClock clock_;
  FixedQuotas quotas_{100};
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<WorkflowRpc> rpc_;
  std::unique_ptr<VersionRpc> versions_;
  rpc::Call acme_, bolt_;
};

}  // namespace agentflow::designer
