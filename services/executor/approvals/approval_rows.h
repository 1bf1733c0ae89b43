#pragma once

#include <vector>

#include "libs/pg/pipeline.h"
#include "services/executor/sealing/tenant_seal.h"
#include "services/executor/store/batch.h"
#include "services/executor/store/engine_connection.h"

// The rows of approvals in a committer's transaction.
namespace agentflow::executor {

inline constexpr pg::Statement kOpenApproval = {
    "open_approval",
    "INSERT INTO approval (tenant_id, approval_id, execution_id, step, workflow, title, "
    "description, approvers, form, create_time, expire_time, retention_days, state, asked) "
    "SELECT d.tenant, d.id, d.execution, d.step, d.workflow, '', '', "
    "string_to_array(nullif(d.approvers, ''), E'\\n'), '', d.created, d.expires, d.retention, "
    "1, d.asked FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], "
    "$6::text[], $7::timestamptz[], $8::timestamptz[], $9::smallint[], $10::bytea[]) "
    "AS d(tenant, id, execution, step, workflow, approvers, created, expires, retention, asked) "
    "ON CONFLICT (tenant_id, approval_id) DO UPDATE SET state = 1, title = '', description = '', "
    "approvers = excluded.approvers, form = '', create_time = excluded.create_time, "
    "expire_time = excluded.expire_time, end_time = NULL, decider = '', comment = '', "
    "decided_values = '', asked = excluded.asked, answered = NULL"};

inline constexpr pg::Statement kCloseApproval = {
    "close_approval",
    "UPDATE approval a SET state = d.state, end_time = d.ended, decider = d.decider, "
    "answered = d.answered FROM unnest($1::text[], $2::uuid[], $3::smallint[], "
    "$4::timestamptz[], $5::text[], $6::bytea[]) AS d(tenant, id, state, ended, decider, answered) "
    AF_ROW_OF("approval", "k.tenant_id = d.tenant AND k.approval_id = d.id")
    "WHERE a.ctid = found.ctid"};

// Adds both statements where `writes` have something for them; `open` and `close` are their places
// among the pipeline's statements.
void AddApprovals(pg::Pipeline& db, size_t open, size_t close, const std::vector<WritePtr>& writes,
                  const TenantSeals& seals);

}  // namespace agentflow::executor
