// What steps ask people, as rows beside the journal.
#include "services/executor/approvals/approval.h"

#include "libs/json/value.h"
#include "services/executor/lanes/live.h"

namespace agentflow::executor {
namespace {

Approval Opened(const engine::ExecutionState& state, const ExecutionFacts& facts,
                const engine::OpenApproval& open) {
  const engine::ApprovalRequest& request = *open.request;
  Approval approval;
  approval.execution = facts.id;
  approval.step = engine::StepKey(state, open.step);
  approval.id = ApprovalIdOf(facts.id, approval.step);
  approval.workflow = facts.workflow;
  approval.title = request.title;
  approval.description = request.description;
  approval.approvers = request.by;
  if (!request.form.is_null()) approval.form = json::Dump(request.form);
  approval.create_time = state.updated_at;
  approval.expire_time = open.deadline;
  return approval;
}

// As the decision tells, which ended it; where none does, its step ended in another way.
Approval Closed(const Uuid& id, engine::StepRef step, UnixMicros time,
                const engine::Decision& decision) {
  Approval approval{.id = id, .state = ApprovalState::kClosed, .end_time = time};
  for (const engine::Event& event : decision.events) {
    const auto* decided = std::get_if<engine::ApprovalDecided>(&event.body);
    if (decided == nullptr || decided->step != step) continue;
    approval.state = decided->approved ? ApprovalState::kApproved : ApprovalState::kRejected;
    approval.decider = decided->principal;
    approval.comment = decided->comment;
    if (!decided->values.is_null()) approval.values = json::Dump(decided->values);
  }
  return approval;
}

}  // namespace

void Committer::BookApprovals(Live& live, ExecutionWrite& write, const engine::Decision& decision) {
  auto close = [&](engine::StepRef step, const Uuid& id) {
    write.closed_approvals.push_back(Closed(id, step, live.state.updated_at, decision));
  };
  for (const engine::Action& action : decision.actions) {
    if (const auto* open = std::get_if<engine::OpenApproval>(&action.body)) {
      Approval approval = Opened(live.state, *live.facts, *open);
      live.approvals[open->step] = approval.id;
      std::erase_if(write.closed_approvals,
                    [&](const Approval& closed) { return closed.id == approval.id; });
      write.opened_approvals.push_back(std::move(approval));
    } else if (const auto* closing = std::get_if<engine::CloseApproval>(&action.body)) {
      auto open_one = live.approvals.find(closing->step);
      if (open_one == live.approvals.end()) continue;
      close(open_one->first, open_one->second);
      live.approvals.erase(open_one);
    } else if (std::holds_alternative<engine::FinishExecution>(action.body)) {
      for (const auto& [step, id] : live.approvals) close(step, id);
      live.approvals.clear();
    }
  }
}

// After a change of the plan: approvals whose step has another key now are asked for anew.
void Committer::ReopenApprovals(Live& live, ExecutionWrite& write,
                                const std::map<engine::StepRef, Uuid>& before) {
  std::set<Uuid> known;
  for (const auto& [step, approval] : before) known.insert(approval);
  for (const engine::Action& action : engine::Outstanding(live.state)) {
    const auto* open = std::get_if<engine::OpenApproval>(&action.body);
    if (open == nullptr || known.erase(live.approvals.at(open->step)) > 0) continue;
    write.opened_approvals.push_back(Opened(live.state, *live.facts, *open));
  }
  for (const Uuid& gone : known) {
    write.closed_approvals.push_back(
        {.id = gone, .state = ApprovalState::kClosed, .end_time = live.state.updated_at});
  }
}

}  // namespace agentflow::executor
