#include "agentflow/internal/tenant/v1/erasure.pb.h"
#include "libs/base/status.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {

namespace pb = internal::tenant::v1;

void RegisterErasureService(rpc::Server& server, Erasures& erasures) {
  server.Unary<pb::ListErasuresRequest, pb::ListErasuresResponse>(
      "agentflow.internal.tenant.v1.ErasureService/ListErasures",
      [&](const rpc::Call& call,
          const pb::ListErasuresRequest&) -> absl::StatusOr<pb::ListErasuresResponse> {
        AF_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, erasures.List(call.caller));
        pb::ListErasuresResponse response;
        for (const std::string& tenant : tenants) response.add_tenants(tenant);
        return response;
      });
  server.Unary<pb::ReportErasedRequest, pb::ReportErasedResponse>(
      "agentflow.internal.tenant.v1.ErasureService/ReportErased",
      [&](const rpc::Call& call,
          const pb::ReportErasedRequest& request) -> absl::StatusOr<pb::ReportErasedResponse> {
        AF_RETURN_IF_ERROR(erasures.Report(call.caller, request.tenant()));
        return pb::ReportErasedResponse();
      });
}

}  // namespace agentflow::tenant
