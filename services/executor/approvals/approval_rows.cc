#include "services/executor/approvals/approval_rows.h"

#include <algorithm>
#include <string>

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

void AddOpened(pg::Pipeline& db, size_t statement, const std::vector<WritePtr>& writes) {
  pg::TextArray tenant, step, workflow, title, description, approvers, form;
  pg::UuidArray id, execution;
  pg::TimestampArray created, expires;
  pg::SmallintArray retention;
  for (const WritePtr& write : writes) {
    for (const Approval& a : write->opened_approvals) {
      tenant.Append(write->facts->tenant);
      id.Append(a.id);
      execution.Append(a.execution);
      step.Append(a.step);
      workflow.Append(a.workflow);
      title.Append(Text(a.title));
      description.Append(Text(a.description));
      approvers.Append(Lines(a.approvers));
      form.Append(Text(a.form));
      created.Append(a.create_time);
      expires.Append(a.expire_time == 0 ? std::nullopt : std::optional(a.expire_time));
      retention.Append(write->facts->retention_days);
    }
  }
  if (id.size() == 0) return;
  db.Add(statement, pg::BinaryParams()
                        .Array(tenant)
                        .Array(id)
                        .Array(execution)
                        .Array(step)
                        .Array(workflow)
                        .Array(title)
                        .Array(description)
                        .Array(approvers)
                        .Array(form)
                        .Array(created)
                        .Array(expires)
                        .Array(retention));
}

void AddClosed(pg::Pipeline& db, size_t statement, const std::vector<WritePtr>& writes) {
  pg::TextArray tenant, decider, comment, given;
  pg::UuidArray id;
  pg::SmallintArray state;
  pg::TimestampArray ended;
  for (const WritePtr& write : writes) {
    for (const Approval& a : write->closed_approvals) {
      tenant.Append(write->facts->tenant);
      id.Append(a.id);
      state.Append(static_cast<int16_t>(a.state));
      ended.Append(a.end_time);
      decider.Append(Text(a.decider));
      comment.Append(Text(a.comment));
      given.Append(Text(a.values));
    }
  }
  if (id.size() == 0) return;
  db.Add(statement, pg::BinaryParams()
                        .Array(tenant)
                        .Array(id)
                        .Array(state)
                        .Array(ended)
                        .Array(decider)
                        .Array(comment)
                        .Array(given));
}

}  // namespace

void AddApprovals(pg::Pipeline& db, size_t open, size_t close,
                  const std::vector<WritePtr>& writes) {
  AddOpened(db, open, writes);
  AddClosed(db, close, writes);
}

}  // namespace agentflow::executor
