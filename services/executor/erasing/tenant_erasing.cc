#include "services/executor/erasing/tenant_erasing.h"

#include <chrono>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/engine/command.h"

namespace agentflow::executor {
namespace {

constexpr int kPortion = 5'000;
constexpr int kMaxPortions = 1'000;
constexpr std::chrono::milliseconds kMoment{1'000};
constexpr pg::Statement kLive = {"erasure_live",
                                 "SELECT execution_id FROM live_execution LIMIT 500"};
constexpr pg::Statement kEraseDays = {"erase_days", "SELECT erase_tenant_days($1, $2)"};

}  // namespace

absl::StatusOr<bool> PrepareErasure(pg::Pool& pool, TenantKeys& keys, Router& router,
                                    const std::string& tenant) {
  std::vector<Uuid> live;
  AF_RETURN_IF_ERROR(pool.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    live.clear();
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kLive));
    for (const pg::Row row : rows) live.push_back(row.Id(0));
    return absl::OkStatus();
  }));
  for (const Uuid& execution : live) {
    // Those of other executors' lanes are theirs to end. Asked again, it gives up undoing, too.
    (void)router.Post(CommandItem{
        .execution = execution,
        .tenant = tenant,
        .make = [](const engine::ExecutionState&) -> absl::StatusOr<engine::CommandBody> {
          return engine::CommandBody(engine::CancelExecution{"The tenant is deleted"});
        },
        .done = [](const absl::StatusOr<ExecutionView>&) {}});
  }
  if (!live.empty()) return false;
  // Where the executors look often they have forgotten it in a moment; else the next call goes on.
  bool forgotten = false;
  for (const auto until = std::chrono::steady_clock::now() + kMoment;;) {
    AF_ASSIGN_OR_RETURN(forgotten, keys.Destroy(tenant));
    if (forgotten || std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(kMoment / 10);
  }
  if (!forgotten) return false;
  for (int portion = 0; portion < kMaxPortions; ++portion) {
    int64_t erased = 0;
    AF_RETURN_IF_ERROR(pool.InSystem([&](pg::SystemTx& tx) -> absl::Status {
      AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kEraseDays, tenant, kPortion));
      erased = rows[0].Int(0);
      return absl::OkStatus();
    }));
    if (erased == 0) return true;
  }
  return false;
}

}  // namespace agentflow::executor
