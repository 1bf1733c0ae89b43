#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "services/executor/approvals/approval.h"
#include "services/executor/sealing/tenant_keys.h"

namespace agentflow::executor {

struct ApprovalQuery {
  std::optional<int> state;  // ApprovalState
  // Any of these among the approvers, or no approvers at all; nullopt: whoever they are.
  std::optional<std::vector<std::string>> approvers;
  std::optional<std::string> workflow;
  std::optional<Uuid> execution;
  // Older than this row; nullopt: from the newest.
  std::optional<std::pair<UnixMicros, Uuid>> after;
  int limit = 50;
};

// Committed approvals under the tenant's row security. Blocking, thread-safe.
class ApprovalReader {
 public:
  ApprovalReader(pg::Pool& pool, TenantKeys& keys) : pool_(pool), keys_(keys) {}

  // NOT_FOUND, reason APPROVAL_NOT_FOUND: unknown, or another tenant's. DATA_LOSS: what is stored
  // does not open.
  absl::StatusOr<Approval> Get(const std::string& tenant, const Uuid& id);
  // Newest first; one more than asked for, where there are more. One that does not open, which is
  // logged, comes without its texts.
  absl::StatusOr<std::vector<Approval>> List(const std::string& tenant, const ApprovalQuery& query);

 private:
  pg::Pool& pool_;
  TenantKeys& keys_;
};

}  // namespace agentflow::executor
