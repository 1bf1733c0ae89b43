#include <optional>

#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/pg/param.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {
namespace {

constexpr std::string_view kFilterFields =
    "name, title, labels.<key>, create_time, update_time, latest_version";
// Texts of up to 2 MiB, each once more as a document, in one answer of up to 8: larger pages are
// cut short.
constexpr int kMaxFullPage = 20;
constexpr size_t kMaxFullBytes = 2u << 20;
constexpr std::string_view kOrderFields = "name, title, create_time, update_time, latest_version";

// "create_time" for both spellings.
std::string FieldName(std::string_view field) {
  if (field == "createTime") return "create_time";
  if (field == "updateTime") return "update_time";
  if (field == "latestVersion") return "latest_version";
  return std::string(field);
}

bool IsColumn(std::string_view field) {
  return field == "name" || field == "title" || field == "create_time" || field == "update_time" ||
         field == "latest_version";
}

// The form in which the store compares a field: times and numbers as text of one width.
absl::StatusOr<std::string> Comparable(const std::string& field, const rpc::FilterTerm& term) {
  std::string text = term.Text();
  if (text.find('\0') != text.npos) {
    return InvalidArgument("FILTER_INVALID", "filter", "A value contains a NUL character.");
  }
  if (field == "name" && text.substr(0, 10) == "workflows/") return text.substr(10);
  if (field == "latest_version") {
    const double* number = std::get_if<double>(&term.value);
    if (number == nullptr || *number < 0 || *number > 2e9) {
      return InvalidArgument("FILTER_INVALID", "filter",
                             "`latest_version` compares with a number.");
    }
    std::string digits = std::to_string(static_cast<int64_t>(*number));
    return std::string(10 - digits.size(), '0') + digits;
  }
  if (field == "create_time" || field == "update_time") {
    // "2026-01-01", with a time, and with fractions; always UTC.
    std::string full = text;
    if (!full.empty() && full.back() == 'Z') full.pop_back();
    if (full.size() == 10) full += "T00:00:00";
    if (full.size() == 19) full += ".";
    if (full.size() > 19 && full.size() < 26) full.append(26 - full.size(), '0');
    std::string spaced = full;
    if (spaced.size() > 10) spaced[10] = ' ';
    if (full.size() != 26 || full[10] != 'T' || !pg::ParseTimestamp(spaced + "+00")) {
      return InvalidArgument("FILTER_INVALID", "filter",
                             "`" + text + "` is no time in UTC such as \"2026-11-22T16:00:00Z\".");
    }
    return full;
  }
  return text;
}

absl::Status ReadFilter(const std::string& filter, ListQuery& query) {
  AF_ASSIGN_OR_RETURN(std::vector<rpc::FilterTerm> terms, rpc::ParseFilter(filter));
  for (const rpc::FilterTerm& term : terms) {
    std::string field = FieldName(term.field);
    if (!IsColumn(field) && (field.substr(0, 7) != "labels." || field.size() == 7)) {
      return rpc::UnknownFilterField(term.field, kFilterFields);
    }
    AF_ASSIGN_OR_RETURN(std::string value, Comparable(field, term));
    query.terms.push_back({field, std::string(rpc::OpText(term.op)), value});
  }
  return absl::OkStatus();
}

absl::Status ReadOrder(const std::string& order_by, ListQuery& query) {
  AF_ASSIGN_OR_RETURN(std::vector<rpc::OrderTerm> order, rpc::ParseOrderBy(order_by));
  if (order.empty()) return absl::OkStatus();
  query.order_field = FieldName(order[0].field);
  query.descending = order[0].descending;
  // The name settles what the first field leaves open, so a second field may only say that.
  if (!IsColumn(query.order_field) || order.size() > 2 ||
      (order.size() == 2 && order[1].field != "name")) {
    return rpc::UnknownOrderField(IsColumn(query.order_field) ? order[1].field : order[0].field,
                                  kOrderFields);
  }
  return absl::OkStatus();
}

absl::Status ReadPosition(const std::string& position, ListQuery& query) {
  if (position.empty()) return absl::OkStatus();
  auto value = json::Parse(position);
  if (!value.ok() || !value->Find("k") || !value->Find("id")) {
    return InvalidArgument("PAGE_TOKEN_INVALID", "page_token", "The page token is damaged.");
  }
  query.after = {value->StringOr("k"), value->StringOr("id")};
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<api::ListWorkflowsResponse> WorkflowRpc::List(
    const rpc::Call& call, const api::ListWorkflowsRequest& request) {
  bool full = request.view() == api::FULL;
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size(), rpc::kDefaultPageSize,
                                              full ? kMaxFullPage : rpc::kMaxPageSize));
  rpc::PageQuery page{.tenant = call.tenant(),
                      .method = "ListWorkflows",
                      .filter = request.filter(),
                      .order_by = request.order_by()};
  AF_ASSIGN_OR_RETURN(std::string position, rpc::ReadPageToken(page, request.page_token()));
  ListQuery query{.limit = size + 1, .with_text = full};
  AF_RETURN_IF_ERROR(ReadFilter(request.filter(), query));
  AF_RETURN_IF_ERROR(ReadOrder(request.order_by(), query));
  AF_RETURN_IF_ERROR(ReadPosition(position, query));

  std::vector<ListedDraft> listed;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(listed, ListDrafts(tx, query));
    return absl::OkStatus();
  }));
  api::ListWorkflowsResponse response;
  bool more = listed.size() > static_cast<size_t>(size);
  if (more) listed.pop_back();
  size_t bytes = 0;
  for (size_t i = 0; i < listed.size(); ++i) {
    bytes += listed[i].draft.text.source.size();
    if (i > 0 && bytes > kMaxFullBytes) {
      listed.resize(i);
      more = true;
      break;
    }
    AF_ASSIGN_OR_RETURN(*response.add_workflows(), ToProto(listed[i].draft, full));
  }
  if (more) {
    json::Value last = json::Object{{"k", listed.back().order_key}, {"id", listed.back().draft.id}};
    response.set_next_page_token(rpc::MakePageToken(page, json::Dump(last)));
  }
  return response;
}

}  // namespace agentflow::designer
