#include "libs/erasure/tenant_eraser.h"

#include <utility>

#include "agentflow/internal/tenant/v1/erasure.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::erasure {
namespace {

namespace pb = internal::tenant::v1;

constexpr char kService[] = "agentflow.internal.tenant.v1.ErasureService/";
// Small enough that nothing waits long for its locks.
constexpr int kPortion = 5'000;
constexpr int kMaxPortions = 1'000;
constexpr int kTimesAsOften = 10;
constexpr pg::Statement kErase = {"erase_tenant", "SELECT erase_tenant($1, $2)"};

}  // namespace

TenantEraser::TenantEraser(pg::Pool& pool, rpc::ChannelPtr tenant_service, Prepare prepare)
    : pool_(pool), tenant_service_(std::move(tenant_service)), prepare_(std::move(prepare)) {}

void TenantEraser::Start(std::chrono::milliseconds interval) {
  task_ = std::make_unique<runtime::PeriodicTask>(
      "erasure", interval / kTimesAsOften, [this, rests = 0]() mutable {
        if (rests-- > 0) return;
        rests = Step() ? 0 : kTimesAsOften - 1;
      });
}

void TenantEraser::Stop() {
  if (task_ != nullptr) task_->Stop();
}

bool TenantEraser::Step() {
  auto tenants = tenant_service_->Unary<pb::ListErasuresRequest, pb::ListErasuresResponse>(
      std::string(kService) + "ListErasures", pb::ListErasuresRequest());
  if (!tenants.ok()) {
    obs::Warn("tenants to erase are not known", {{"error", MessageOf(tenants.status())}});
    return false;
  }
  bool unfinished = false;
  for (const std::string& tenant : tenants->tenants()) {
    absl::StatusOr<bool> erased = Erase(tenant);
    if (erased.ok() && *erased) {
      pb::ReportErasedRequest request;
      request.set_tenant(tenant);
      auto reported = tenant_service_->Unary<pb::ReportErasedRequest, pb::ReportErasedResponse>(
          std::string(kService) + "ReportErased", request);
      if (!reported.ok()) erased = reported.status();
    }
    if (!erased.ok()) {
      obs::Warn("a tenant is not erased",
                {{"tenant", tenant}, {"error", MessageOf(erased.status())}});
    }
    unfinished |= erased.ok() && !*erased;
  }
  return unfinished;
}

absl::StatusOr<bool> TenantEraser::Erase(const std::string& tenant) {
  if (prepare_) {
    AF_ASSIGN_OR_RETURN(const bool ready, prepare_(tenant));
    if (!ready) return false;
  }
  for (int portion = 0; portion < kMaxPortions; ++portion) {
    int64_t erased = 0;
    AF_RETURN_IF_ERROR(pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
      AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kErase, tenant, kPortion));
      erased = rows[0].Int(0);
      return absl::OkStatus();
    }));
    if (erased == 0) return true;
  }
  return false;
}

}  // namespace agentflow::erasure
