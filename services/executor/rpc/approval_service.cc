#include "services/executor/rpc/approval_service.h"

#include <algorithm>
#include <set>

#include "agentflow/api/v1/approval.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/paging.h"
#include "libs/schema/schema.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/list_query.h"

namespace agentflow::executor {
namespace {

constexpr std::string_view kPrefix = "approvals/";
constexpr size_t kMaxComment = 10'000;

absl::StatusOr<Uuid> ParseName(const std::string& name) {
  std::optional<Uuid> id;
  if (name.starts_with(kPrefix)) id = Uuid::Parse(std::string_view(name).substr(kPrefix.size()));
  if (!id) {
    return InvalidArgument("NAME_INVALID", "name", "An approval's name is approvals/ and a UUID.");
  }
  return *id;
}

// Stored text that is JSON, or empty.
json::Value Stored(const std::string& text) {
  absl::StatusOr<json::Value> value = json::Parse(text);
  return value.ok() ? *std::move(value) : json::Value();
}

void ToProto(const Approval& a, const auth::Principal& reader, api::Approval* out) {
  out->set_name(ApprovalName(a.id));
  out->set_state(static_cast<api::Approval::State>(a.state));
  out->set_title(a.title);
  out->set_description(a.description);
  for (const std::string& approver : a.approvers) out->add_approvers(approver);
  if (!a.form.empty()) (void)rpc::ToProto(Stored(a.form), out->mutable_form());
  out->set_execution(ExecutionName(a.execution));
  out->set_step(a.step);
  out->set_workflow(a.workflow);
  Set(a.create_time, out->mutable_create_time());
  if (a.expire_time != 0) Set(a.expire_time, out->mutable_expire_time());
  if (a.end_time != 0) Set(a.end_time, out->mutable_end_time());
  out->set_decider(a.decider);
  out->set_comment(a.comment);
  if (!a.values.empty()) rpc::ToProto(Stored(a.values), out->mutable_values());
  out->set_mine(MayDecide(a.approvers, reader));
}

absl::Status AddTerm(const rpc::FilterTerm& term, const auth::Principal& reader,
                     ApprovalQuery* query) {
  if (term.op != rpc::FilterTerm::Op::kEqual) {
    return InvalidArgument("FILTER_INVALID", "filter", term.field + " is compared with =.");
  }
  if (term.field == "state") {
    api::Approval::State state;
    if (!api::Approval::State_Parse(term.Text(), &state) || state == 0) {
      return InvalidArgument("FILTER_INVALID", "filter",
                             "state is \"OPEN\", \"APPROVED\", \"REJECTED\" or \"CLOSED\".");
    }
    query->state = state;
    return absl::OkStatus();
  }
  if (term.field == "assignee") {
    if (term.Text() != "me") {
      return InvalidArgument("FILTER_INVALID", "filter", "assignee is \"me\".");
    }
    query->approvers = ApproverNamesOf(reader);
    return absl::OkStatus();
  }
  if (term.field == "workflow") {
    query->workflow = term.Text();
    return absl::OkStatus();
  }
  if (term.field == "execution") {
    AF_ASSIGN_OR_RETURN(query->execution, ParseExecutionName(term.Text(), "filter"));
    return absl::OkStatus();
  }
  return rpc::UnknownFilterField(term.field, "state, assignee, workflow, execution");
}

absl::StatusOr<api::Approval> GetApproval(ApprovalReader& approvals, const rpc::Call& call,
                                          const api::GetApprovalRequest& request) {
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseName(request.name()));
  AF_ASSIGN_OR_RETURN(const Approval approval, approvals.Get(call.tenant(), id));
  api::Approval answer;
  ToProto(approval, call.principal(), &answer);
  return answer;
}

absl::StatusOr<api::ListApprovalsResponse> ListApprovals(ApprovalReader& approvals,
                                                         const rpc::Call& call,
                                                         const api::ListApprovalsRequest& request) {
  ApprovalQuery query;
  AF_ASSIGN_OR_RETURN(const std::vector<rpc::FilterTerm> terms, rpc::ParseFilter(request.filter()));
  for (const rpc::FilterTerm& term : terms) {
    AF_RETURN_IF_ERROR(AddTerm(term, call.principal(), &query));
  }
  AF_ASSIGN_OR_RETURN(query.limit, rpc::PageSize(request.page_size()));
  const rpc::PageQuery page{
      .tenant = call.tenant(), .method = "ListApprovals", .filter = request.filter()};
  AF_ASSIGN_OR_RETURN(const std::string position, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(query.after, ParsePosition(position));
  AF_ASSIGN_OR_RETURN(std::vector<Approval> list, approvals.List(call.tenant(), query));
  const bool more = list.size() > static_cast<size_t>(query.limit);
  if (more) list.resize(static_cast<size_t>(query.limit));
  api::ListApprovalsResponse response;
  for (const Approval& each : list) ToProto(each, call.principal(), response.add_approvals());
  if (more) {
    response.set_next_page_token(
        rpc::MakePageToken(page, FormatPosition(list.back().create_time, list.back().id)));
  }
  return response;
}

// A decision as asked for.
struct Decision {
  bool approved = false;
  std::string comment;
  json::Value values;
};

bool SameDecision(const Approval& approval, const Decision& decision,
                  const auth::Principal& principal) {
  return approval.decider == principal.name && approval.comment == decision.comment &&
         approval.state ==
             (decision.approved ? ApprovalState::kApproved : ApprovalState::kRejected);
}

absl::Status AlreadyDecided(const Approval& approval) {
  std::string message = "The step needs no decision any more.";
  if (approval.state == ApprovalState::kApproved || approval.state == ApprovalState::kRejected) {
    message = (approval.decider.empty() ? "Its timeout" : approval.decider) + " has " +
              (approval.state == ApprovalState::kApproved ? "approved" : "rejected") + " it.";
  }
  return FailedPrecondition("APPROVAL_DECIDED", message);
}

// Whether the decision may be made, by what is committed; coerces its values to the form.
absl::Status CheckDecision(const Approval& approval, const auth::Principal& principal,
                           Decision* decision) {
  if (!MayDecide(approval.approvers, principal)) {
    return Error(absl::StatusCode::kPermissionDenied, "APPROVAL_NOT_YOURS",
                 "Only those may decide whom the approval names in `approvers`.");
  }
  if (approval.state != ApprovalState::kOpen) return AlreadyDecided(approval);
  if (approval.form.empty()) return absl::OkStatus();
  AF_ASSIGN_OR_RETURN(const schema::Schema form, schema::Schema::Compile(Stored(approval.form)));
  // A rejection need not fill in the form.
  if (decision->values.is_null() && !decision->approved) return absl::OkStatus();
  if (decision->values.is_null()) decision->values = json::Object();
  absl::StatusOr<json::Value> values = form.Accept(decision->values, "values");
  if (!values.ok()) {
    ErrorMetadata metadata = MetadataOf(values.status());
    std::string pointer = metadata[kErrorField];
    std::replace(pointer.begin(), pointer.end(), '/', '.');
    return InvalidArgument("VALUES_INVALID", "values" + pointer, MessageOf(values.status()));
  }
  decision->values = *std::move(values);
  return absl::OkStatus();
}

// Whether the lane took it, or somebody was faster: the row knows, once it is committed.
void Decided(const ExecutionPartsPtr& parts, ApprovalReader& approvals, const rpc::CallPtr& call,
             const Uuid& id, const Decision& decision, const absl::Status& status,
             Answer<api::Approval> done) {
  static const std::set<std::string_view> kTooLate = {"EXECUTION_OVER", "STEP_OVER", "STEP_UNKNOWN",
                                                      "APPROVAL_NOT_OPEN"};
  if (!status.ok() && !kTooLate.contains(ReasonOf(status))) return done(status);
  const bool taken = parts->pool.TrySubmit([=, &approvals] {
    absl::StatusOr<Approval> approval = approvals.Get(call->tenant(), id);
    if (!approval.ok()) return done(approval.status());
    if (!SameDecision(*approval, decision, call->principal())) {
      return done(AlreadyDecided(*approval));
    }
    api::Approval answer;
    ToProto(*approval, call->principal(), &answer);
    done(std::move(answer));
  });
  if (!taken) done(TooBusy());
}

void Decide(const ExecutionPartsPtr& parts, ApprovalReader& approvals, const rpc::CallPtr& call,
            const Uuid& id, Decision decision, Answer<api::Approval> done) {
  const bool taken = parts->pool.TrySubmit([=, &approvals]() mutable {
    absl::StatusOr<Approval> approval = approvals.Get(call->tenant(), id);
    if (!approval.ok()) return done(approval.status());
    if (SameDecision(*approval, decision, call->principal())) {
      api::Approval answer;
      ToProto(*approval, call->principal(), &answer);
      return done(std::move(answer));
    }
    absl::Status allowed = CheckDecision(*approval, call->principal(), &decision);
    if (!allowed.ok()) return done(allowed);
    const engine::DecideApproval command{.approved = decision.approved,
                                         .principal = call->principal().name,
                                         .comment = decision.comment,
                                         .values = decision.values};
    SendCommand(
        parts, call, approval->execution,
        [command, key = approval->step](
            const engine::ExecutionState& state) -> absl::StatusOr<engine::CommandBody> {
          engine::DecideApproval decide = command;
          AF_ASSIGN_OR_RETURN(decide.step, engine::FindStep(state, key));
          return engine::CommandBody(std::move(decide));
        },
        [=, &approvals](const absl::StatusOr<ExecutionView>& view) {
          Decided(parts, approvals, call, id, decision, view.status(), done);
        });
  });
  if (!taken) done(TooBusy());
}

template <typename Request>
void RegisterDecision(rpc::Server& server, const char* method, bool approved,
                      ExecutionPartsPtr parts, ApprovalReader& approvals) {
  server.UnaryAsync<Request, api::Approval>(
      std::string("agentflow.api.v1.ApprovalService/") + method,
      [parts, approved, &approvals](rpc::CallPtr call, std::unique_ptr<Request> request,
                                    Answer<api::Approval> done) {
        absl::StatusOr<Uuid> id = ParseName(request->name());
        if (!id.ok()) return done(id.status());
        Decision decision{.approved = approved, .comment = request->comment()};
        if (decision.comment.size() > kMaxComment) {
          return done(InvalidArgument("COMMENT_TOO_LONG", "comment",
                                      "A comment has at most 10000 characters."));
        }
        if (request->has_values()) {
          absl::StatusOr<json::Value> values = rpc::ToJson(request->values());
          if (!values.ok()) return done(values.status());
          decision.values = *std::move(values);
        }
        Decide(parts, approvals, call, *id, std::move(decision), std::move(done));
      });
}

}  // namespace

void RegisterApprovalService(rpc::Server& server, ExecutionPartsPtr parts,
                             ApprovalReader& approvals) {
  const std::string service = "agentflow.api.v1.ApprovalService/";
  server.Unary<api::GetApprovalRequest, api::Approval>(
      service + "GetApproval", [&approvals](const auto& call, const auto& request) {
        return GetApproval(approvals, call, request);
      });
  server.Unary<api::ListApprovalsRequest, api::ListApprovalsResponse>(
      service + "ListApprovals", [&approvals](const auto& call, const auto& request) {
        return ListApprovals(approvals, call, request);
      });
  RegisterDecision<api::ApproveRequest>(server, "Approve", true, parts, approvals);
  RegisterDecision<api::RejectRequest>(server, "Reject", false, parts, approvals);
}

}  // namespace agentflow::executor
