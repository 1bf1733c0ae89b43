#include "services/executor/approvals/approval.h"

#include <algorithm>

namespace agentflow::executor {

Uuid ApprovalIdOf(const Uuid& execution, std::string_view step) {
  std::array<uint8_t, 16> bytes =
      Uuid::MakeNamed(execution, "approval/" + std::string(step)).bytes();
  bytes[15] = execution.bytes()[15];
  return Uuid(bytes);
}

std::vector<std::string> ApproverNamesOf(const auth::Principal& principal) {
  std::vector<std::string> names;
  for (const std::string& role : principal.roles) names.push_back("role:" + role);
  names.push_back("user:" + principal.name);
  const size_t slash = principal.name.find('/');
  if (slash != std::string::npos) names.push_back("user:" + principal.name.substr(slash + 1));
  if (!principal.email.empty()) names.push_back("user:" + principal.email);
  return names;
}

bool MayDecide(const std::vector<std::string>& approvers, const auth::Principal& principal) {
  if (approvers.empty()) return true;
  const std::vector<std::string> names = ApproverNamesOf(principal);
  return std::find_first_of(approvers.begin(), approvers.end(), names.begin(), names.end()) !=
         approvers.end();
}

}  // namespace agentflow::executor
