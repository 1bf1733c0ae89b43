#include "services/executor/approvals/approval_reader.h"

#include "libs/base/status.h"
#include "services/executor/sealing/sealed_texts.h"

namespace agentflow::executor {
namespace {

#define COLUMNS                                                                             \
  "SELECT approval_id, state, execution_id, step, workflow, title, description, "           \
  "coalesce(approvers, '{}'), form, create_time, expire_time, end_time, decider, comment, " \
  "decided_values, coalesce(asked, ''), coalesce(answered, '') FROM approval "
constexpr pg::Statement kGet = {"approval_get", COLUMNS "WHERE approval_id = $1"};
constexpr pg::Statement kList = {
    "approval_list", COLUMNS
    "WHERE ($1::smallint IS NULL OR state = $1::smallint) "
    "AND ($2::text[] IS NULL OR approvers IS NULL OR approvers && $2::text[]) "
    "AND ($3::text IS NULL OR workflow = $3::text) "
    "AND ($4::uuid IS NULL OR execution_id = $4::uuid) "
    "AND ($5::timestamptz IS NULL OR (create_time, approval_id) < ($5::timestamptz, $6::uuid)) "
    "ORDER BY create_time DESC, approval_id DESC LIMIT $7::int"};
#undef COLUMNS

// A row, and what of it is sealed.
struct Stored {
  Approval approval;
  std::string asked, answered;
};

Stored FromRow(const pg::Row& row) {
  Stored stored{.asked = row.Bytes(15), .answered = row.Bytes(16)};
  Approval& a = stored.approval;
  a.id = row.Id(0);
  a.state = static_cast<ApprovalState>(row.Int(1));
  a.execution = row.Id(2);
  a.step = row.Text(3);
  a.workflow = row.Text(4);
  a.title = row.Text(5);
  a.description = row.Text(6);
  a.approvers = row.TextArray(7);
  a.form = row.Text(8);
  a.create_time = row.Time(9);
  a.expire_time = row.OptionalTime(10).value_or(0);
  a.end_time = row.OptionalTime(11).value_or(0);
  a.decider = row.Text(12);
  a.comment = row.Text(13);
  a.values = row.Text(14);
  return stored;
}

absl::Status Open(const absl::StatusOr<TenantSealPtr>& seal, Stored* stored) {
  Approval& a = stored->approval;
  AF_RETURN_IF_ERROR(
      OpenTexts(seal, ApprovalPlace(a.execution, a.id, "asked"), stored->asked,
                {{"title", &a.title}, {"description", &a.description}, {"form", &a.form}}));
  return OpenTexts(seal, ApprovalPlace(a.execution, a.id, "answered"), stored->answered,
                   {{"comment", &a.comment}, {"values", &a.values}});
}

absl::Status ApprovalNotFound() {
  return NotFound("APPROVAL_NOT_FOUND", "There is no such approval.");
}

}  // namespace

absl::StatusOr<Approval> ApprovalReader::Get(const std::string& tenant, const Uuid& id) {
  std::optional<Stored> found;
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kGet, id));
    if (!rows.empty()) found = FromRow(rows[0]);
    return absl::OkStatus();
  }));
  if (!found) return ApprovalNotFound();
  const absl::StatusOr<TenantSealPtr> seal = keys_.Open(tenant);
  if (ReasonOf(seal.status()) == "TENANT_KEY_DESTROYED") return ApprovalNotFound();
  AF_RETURN_IF_ERROR(Open(seal, &*found));
  return std::move(found->approval);
}

absl::StatusOr<std::vector<Approval>> ApprovalReader::List(const std::string& tenant,
                                                           const ApprovalQuery& query) {
  std::vector<Stored> rows_read;
  std::optional<pg::Timestamp> after_time;
  std::optional<Uuid> after_id;
  if (query.after) {
    after_time = pg::Timestamp{query.after->first};
    after_id = query.after->second;
  }
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    rows_read.clear();
    AF_ASSIGN_OR_RETURN(const pg::Result rows,
                        tx.Exec(kList, query.state, query.approvers, query.workflow,
                                query.execution, after_time, after_id, query.limit + 1));
    for (const pg::Row row : rows) rows_read.push_back(FromRow(row));
    return absl::OkStatus();
  }));
  std::vector<Approval> list;
  if (rows_read.empty()) return list;
  const absl::StatusOr<TenantSealPtr> seal = keys_.Open(tenant);
  if (IsRetryable(seal.status())) return seal.status();
  for (Stored& stored : rows_read) {
    (void)Open(seal, &stored);
    list.push_back(std::move(stored.approval));
  }
  return list;
}

}  // namespace agentflow::executor
