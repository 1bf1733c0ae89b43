#include "services/designer/rpc/version_rpc.h"

#include "libs/base/status.h"
#include "libs/rpc/server.h"
#include "services/designer/rpc/codec.h"
#include "services/designer/store/version_store.h"

namespace agentflow::designer {
namespace {

namespace v1 = ::agentflow::internal::designer::v1;

constexpr int kMaxQuestions = 10'000;

}  // namespace

void VersionRpc::Register(rpc::Server& server) {
  server.Unary<v1::ResolveVersionsRequest, v1::ResolveVersionsResponse>(
      "agentflow.internal.designer.v1.VersionService/ResolveVersions",
      [this](const rpc::Call& call, const v1::ResolveVersionsRequest& request) {
        return Resolve(call, request);
      });
  server.Unary<v1::GetDocumentRequest, v1::GetDocumentResponse>(
      "agentflow.internal.designer.v1.VersionService/GetDocument",
      [this](const rpc::Call& call, const v1::GetDocumentRequest& request) {
        return GetDocument(call, request);
      });
}

absl::StatusOr<v1::ResolveVersionsResponse> VersionRpc::Resolve(
    const rpc::Call&, const v1::ResolveVersionsRequest& request) {
  if (request.questions_size() > kMaxQuestions) {
    return InvalidArgument("TOO_MANY_QUESTIONS", "questions", "Ask at most 10000 at once.");
  }
  std::vector<VersionName> names;
  for (const v1::VersionQuestion& question : request.questions()) {
    // A malformed name is the name of nothing.
    names.push_back({question.tenant(), WorkflowId(question.workflow(), "workflow").value_or(""),
                     question.version()});
  }
  std::vector<ResolvedVersion> resolved;
  AF_RETURN_IF_ERROR(pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(resolved, ResolveVersions(tx, names));
    return absl::OkStatus();
  }));
  v1::ResolveVersionsResponse response;
  for (const ResolvedVersion& one : resolved) {
    v1::VersionAnswer* answer = response.add_answers();
    answer->set_error_reason(one.error_reason);
    answer->set_version(one.version);
    answer->set_content_hash(one.content_hash);
  }
  return response;
}

absl::StatusOr<v1::GetDocumentResponse> VersionRpc::GetDocument(
    const rpc::Call&, const v1::GetDocumentRequest& request) {
  if (request.tenant().empty()) {
    return InvalidArgument("TENANT_MISSING", "tenant", "The tenant is not set.");
  }
  std::optional<std::string> canonical;
  AF_RETURN_IF_ERROR(pool_.InTenant(request.tenant(), [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(canonical, FindContent(tx, request.content_hash()));
    return absl::OkStatus();
  }));
  if (!canonical) {
    return NotFound("DOCUMENT_NOT_FOUND", "No version with that content was ever published.");
  }
  v1::GetDocumentResponse response;
  response.set_document_json(*std::move(canonical));
  return response;
}

}  // namespace agentflow::designer
