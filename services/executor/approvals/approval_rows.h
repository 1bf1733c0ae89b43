#pragma once

#include <vector>

#include "libs/pg/pipeline.h"
#include "services/executor/store/batch.h"

// The rows of approvals in a committer's transaction.
namespace agentflow::executor {

inline constexpr pg::Statement kOpenApproval = {
    "open_approval",
    "INSERT INTO approval (tenant_id, approval_id, execution_id, step, workflow, title, "
    "description, approvers, form, create_time, expire_time, retention_days, state) "
    "SELECT d.tenant, d.id, d.execution, d.step, d.workflow, d.title, d.description, "
    "string_to_array(nullif(d.approvers, ''), E'\\n'), d.form, d.created, d.expires, d.retention, "
    "1 FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], "
    "$7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], "
    "$12::smallint[]) AS d(tenant, id, execution, step, workflow, title, description, approvers, "
    "form, created, expires, retention) "
    "ON CONFLICT (tenant_id, approval_id) DO UPDATE SET state = 1, title = excluded.title, "
    "description = excluded.description, approvers = excluded.approvers, form = excluded.form, "
    "create_time = excluded.create_time, expire_time = excluded.expire_time, end_time = NULL, "
    "decider = '', comment = '', decided_values = ''"};

inline constexpr pg::Statement kCloseApproval = {
    "close_approval",
    "UPDATE approval a SET state = d.state, end_time = d.ended, decider = d.decider, "
    "comment = d.comment, decided_values = d.given "
    "FROM unnest($1::text[], $2::uuid[], $3::smallint[], $4::timestamptz[], $5::text[], "
    "$6::text[], $7::text[]) AS d(tenant, id, state, ended, decider, comment, given) "
    "WHERE a.tenant_id = d.tenant AND a.approval_id = d.id"};

// Adds both statements where `writes` have something for them; `open` and `close` are their places
// among the pipeline's statements.
void AddApprovals(pg::Pipeline& db, size_t open, size_t close, const std::vector<WritePtr>& writes);

}  // namespace agentflow::executor
