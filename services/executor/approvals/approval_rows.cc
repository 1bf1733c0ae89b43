#include "services/executor/approvals/approval_rows.h"

#include <algorithm>
#include <string>

#include "services/executor/sealing/sealed_texts.h"

namespace agentflow::executor {
namespace {

// PostgreSQL's text holds everything but NUL.
std::string Text(std::string text) {
  std::erase(text, '\0');
  return text;
}

std::string Lines(const std::vector<std::string>& list) {
  std::string text;
  for (std::string each : list) {
    std::erase(each, '\n');
    text += (text.empty() ? "" : "\n") + each;
  }
  return Text(std::move(text));
}

void AddOpened(pg::Pipeline& db, size_t statement, const std::vector<WritePtr>& writes,
               const TenantSeals& seals) {
  pg::TextArray tenant, step, workflow, approvers;
  pg::ByteaArray asked;
  pg::UuidArray id, execution;
  pg::TimestampArray created, expires;
  pg::SmallintArray retention;
  for (size_t i = 0; i < writes.size(); ++i) {
    const WritePtr& write = writes[i];
    for (const Approval& a : write->opened_approvals) {
      tenant.Append(write->facts->tenant);
      id.Append(a.id);
      execution.Append(a.execution);
      step.Append(a.step);
      workflow.Append(a.workflow);
      approvers.Append(Lines(a.approvers));
      created.Append(a.create_time);
      expires.Append(a.expire_time == 0 ? std::nullopt : std::optional(a.expire_time));
      retention.Append(write->facts->retention_days);
      asked.Append(
          SealTexts(*seals[i], ApprovalPlace(a.execution, a.id, "asked"),
                    {{"title", a.title}, {"description", a.description}, {"form", a.form}}));
    }
  }
  if (id.size() == 0) return;
  db.Add(statement, pg::BinaryParams()
                        .Array(tenant)
                        .Array(id)
                        .Array(execution)
                        .Array(step)
                        .Array(workflow)
                        .Array(approvers)
                        .Array(created)
                        .Array(expires)
                        .Array(retention)
                        .Array(asked));
}

void AddClosed(pg::Pipeline& db, size_t statement, const std::vector<WritePtr>& writes,
               const TenantSeals& seals) {
  pg::TextArray tenant, decider;
  pg::ByteaArray answered;
  pg::UuidArray id;
  pg::SmallintArray state;
  pg::TimestampArray ended;
  for (size_t i = 0; i < writes.size(); ++i) {
    const WritePtr& write = writes[i];
    for (const Approval& a : write->closed_approvals) {
      tenant.Append(write->facts->tenant);
      id.Append(a.id);
      state.Append(static_cast<int16_t>(a.state));
      ended.Append(a.end_time);
      decider.Append(Text(a.decider));
      answered.Append(SealTexts(*seals[i], ApprovalPlace(write->facts->id, a.id, "answered"),
                                {{"comment", a.comment}, {"values", a.values}}));
    }
  }
  if (id.size() == 0) return;
  db.Add(statement, pg::BinaryParams()
                        .Array(tenant)
                        .Array(id)
                        .Array(state)
                        .Array(ended)
                        .Array(decider)
                        .Array(answered));
}

}  // namespace

void AddApprovals(pg::Pipeline& db, size_t open, size_t close,
                  const std::vector<WritePtr>& writes, const TenantSeals& seals) {
  AddOpened(db, open, writes, seals);
  AddClosed(db, close, writes, seals);
}

}  // namespace agentflow::executor
