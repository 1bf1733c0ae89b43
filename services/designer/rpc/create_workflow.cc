#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/workflow/names.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {
namespace {

// The same request has the same hash, whatever the order of its maps.
std::string RequestHash(const google::protobuf::Message& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  return crypto::Sha256Hex(bytes);
}

// `workflow_id`, else the name, else what the document calls itself.
absl::StatusOr<std::string> ChooseId(const api::CreateWorkflowRequest& request,
                                     const json::Value& document) {
  std::string id = request.workflow_id();
  std::string field = "workflow_id";
  if (id.empty() && !request.workflow().name().empty()) {
    field = "workflow.name";
    AF_ASSIGN_OR_RETURN(id, WorkflowId(request.workflow().name(), field));
  }
  if (id.empty()) {
    field = "workflow.document";
    const json::Value* metadata = document.Find("metadata");
    if (metadata != nullptr) id = metadata->StringOr("name");
  }
  if (workflow::IsResourceId(id)) return id;
  return InvalidArgument("WORKFLOW_ID_INVALID", field,
                         id.empty()
                             ? "The workflow has no id. Set `workflow_id`, or `metadata.name` "
                               "in the document."
                             : "`" + id.substr(0, 100) +
                                   "` is no id: a small letter, then small letters, digits "
                                   "and -, at most 63 in all.");
}

}  // namespace

absl::StatusOr<api::Workflow> WorkflowRpc::Create(const rpc::Call& call,
                                                  const api::CreateWorkflowRequest& request) {
  const std::string& request_id = request.request_id();
  if (request_id.size() > 128 || !std::all_of(request_id.begin(), request_id.end(),
                                              [](char c) { return c > ' ' && c < 0x7f; })) {
    return InvalidArgument("REQUEST_ID_INVALID", "request_id",
                           "A request id has at most 128 visible ASCII characters.");
  }
  Draft draft;
  if (HasText(request.workflow())) {
    AF_ASSIGN_OR_RETURN(draft.text, TextFrom(request.workflow()));
  }
  AF_ASSIGN_OR_RETURN(draft.id, ChooseId(request, draft.text.document));
  if (draft.text.source.empty()) {
    draft.text = EmptyDraft(draft.id, request.workflow().title());
  }
  draft.title = request.workflow().title().empty() ? TitleOf(draft.text.document)
                                                   : request.workflow().title();
  draft.labels = request.workflow().labels().empty() ? LabelsOf(draft.text.document)
                                                     : LabelsFrom(request.workflow());
  AF_RETURN_IF_ERROR(CheckTitle(draft.title));
  AF_RETURN_IF_ERROR(CheckLabels(draft.labels));
  draft.create_time = parts_.clock.Now();
  int64_t limit = parts_.quotas.WorkflowLimit(call.tenant());

  api::Workflow response;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    std::string hash = RequestHash(request);
    if (!request.request_id().empty()) {
      AF_ASSIGN_OR_RETURN(std::optional<StoredAnswer> known, FindAnswer(tx, request.request_id()));
      if (known && known->request_hash != hash) {
        return Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "This request id was used for another workflow. Use a new one.");
      }
      if (known) {
        if (!response.ParseFromString(known->response)) {
          return Internal("ANSWER_MALFORMED", "the stored answer cannot be read");
        }
        return absl::OkStatus();
      }
    }
    AF_ASSIGN_OR_RETURN(Draft stored, InsertUnderQuota(tx, limit, draft));
    AF_ASSIGN_OR_RETURN(response, ToProto(stored, true));
    AF_RETURN_IF_ERROR(
        Audit(tx, call, response.name(), {{"contentHash", draft.text.content_hash}}));
    if (request.request_id().empty()) return absl::OkStatus();
    return StoreAnswer(tx, request.request_id(), {hash, response.SerializeAsString()},
                       draft.create_time);
  }));
  return response;
}

}  // namespace agentflow::designer
