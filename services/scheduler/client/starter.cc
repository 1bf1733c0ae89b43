#include "services/scheduler/client/starter.h"

#include <utility>
#include <vector>

#include "agentflow/internal/designer/v1/versions.pb.h"
#include "agentflow/internal/executor/v1/feed.pb.h"
#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "libs/auth/principal.h"
#include "libs/base/lane.h"
#include "libs/base/status.h"

namespace agentflow::scheduler {

namespace identity = internal::tenant::v1;
namespace starting = internal::executor::v1;
namespace versions = internal::designer::v1;

RpcStarter::RpcStarter(rpc::ChannelPtr tenant, rpc::ChannelPtr executor, lanes::LaneMap& lanes)
    : tenant_(std::move(tenant)), executor_(std::move(executor)), lanes_(lanes) {}

absl::StatusOr<std::string> RpcStarter::Start(const std::string& tenant, const Schedule& schedule,
                                              const std::string& request_id) {
  rpc::CallOptions options = rpc::CallOptions::ForService(tenant, schedule.principal);
  identity::AuthorizeRequest who;
  who.set_tenant(tenant);
  who.set_principal(schedule.principal);
  auto rights = tenant_->Unary<identity::AuthorizeRequest, identity::Identity>(
      "agentflow.internal.tenant.v1.IdentityService/Authorize", who, options);
  if (!rights.ok()) return rights.status();
  std::vector<std::string> granted(rights->permissions().begin(), rights->permissions().end());
  if (!auth::Permits(granted, "executions.start")) {
    return Error(absl::StatusCode::kPermissionDenied, "PERMISSION_MISSING",
                 schedule.principal + " may not start executions any more");
  }
  starting::ServiceStartRequest request;
  request.set_tenant(tenant);
  request.set_principal(schedule.principal);
  request.set_workflow(schedule.workflow);
  request.set_input_json(schedule.input_json.empty() ? "{}" : schedule.input_json);
  request.set_request_id(request_id);
  (*request.mutable_labels())["schedule"] = schedule.id;
  auto start = [&](rpc::Channel& executor) {
    return executor.Unary<starting::ServiceStartRequest, starting::ServiceStartResponse>(
        "agentflow.internal.executor.v1.StartService/Start", request, options);
  };
  const int lane = LaneOf(ExecutionIdForRequest(tenant, request_id));
  rpc::ChannelPtr executor = lanes_.OwnerOf(lane);
  if (executor == nullptr) executor = executor_;
  auto started = start(*executor);
  if (!started.ok()) {
    // The request id makes it one start, however often it is asked for.
    rpc::ChannelPtr other = lanes_.After(started.status(), lane, executor);
    if (other != nullptr) started = start(*other);
  }
  if (!started.ok()) return started.status();
  return started->execution();
}

absl::Status CheckWorkflow(rpc::Channel& designer, const std::string& tenant,
                           const std::string& workflow) {
  versions::ResolveVersionsRequest request;
  request.add_questions()->set_tenant(tenant);
  request.mutable_questions(0)->set_workflow(workflow);
  auto answer = designer.Unary<versions::ResolveVersionsRequest, versions::ResolveVersionsResponse>(
      "agentflow.internal.designer.v1.VersionService/ResolveVersions", request);
  if (!answer.ok()) return answer.status();
  if (answer->answers_size() != 1) return Internal("ANSWER_MALFORMED", "one answer was expected");
  const std::string& reason = answer->answers(0).error_reason();
  if (reason.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kNotFound, reason,
               workflow + " does not exist or has no published version; publish it first",
               {{kErrorField, "workflow"}});
}

}  // namespace agentflow::scheduler
