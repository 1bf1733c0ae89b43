#include "services/tenant/tenants/erasures.h"

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kList{"erasures_list", "SELECT * FROM list_erasures($1, $2, $3)"};
constexpr pg::Statement kReport{"erasures_report", "SELECT report_erased($1, $2, $3)"};
constexpr pg::Statement kDone{"erasures_done", "SELECT * FROM erased_elsewhere($1::text[])"};
constexpr pg::Statement kErase{"erase_tenant", "SELECT erase_tenant($1, $2)"};
constexpr int kPortion = 5'000;
constexpr int kMaxPortions = 1'000;

}  // namespace

absl::StatusOr<std::vector<std::string>> Erasures::List(const std::string& service) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(const pg::Result rows,
                      tx.Exec(kList, service, services_,
                              pg::Timestamp{clock_.Now() - delay_ms_ * 1000}));
  std::vector<std::string> tenants;
  for (const pg::Row row : rows) tenants.emplace_back(row.Text(0));
  return tenants;
}

absl::Status Erasures::Report(const std::string& service, const std::string& tenant) {
  return pool_.InSystem([&](pg::SystemTx& tx) {
    return tx.Exec(kReport, tenant, service, pg::Timestamp{clock_.Now()}).status();
  });
}

absl::Status Erasures::Finish() {
  std::vector<std::string> tenants;
  AF_RETURN_IF_ERROR(pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
    tenants.clear();
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kDone, services_));
    for (const pg::Row row : rows) tenants.emplace_back(row.Text(0));
    return absl::OkStatus();
  }));
  for (const std::string& tenant : tenants) {
    int64_t erased = 1;
    for (int portion = 0; erased > 0 && portion < kMaxPortions; ++portion) {
      AF_RETURN_IF_ERROR(pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
        AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kErase, tenant, kPortion));
        erased = rows[0].Int(0);
        return absl::OkStatus();
      }));
    }
    if (erased == 0) obs::Info("a deleted tenant is gone", {{"tenant", tenant}});
  }
  return absl::OkStatus();
}

}  // namespace agentflow::tenant
