#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "libs/rpc/channel.h"
#include "libs/runtime/periodic.h"

namespace agentflow::erasure {

// Erases the calling service's rows of tenants that are being deleted. Blocking; one thread.
class TenantEraser {
 public:
  // What must happen before the tables are emptied; false: not yet, ask again next time.
  using Prepare = std::function<absl::StatusOr<bool>(const std::string& tenant)>;

  // `pool`: of the schema's app role. Must outlive this. `prepare` null: nothing.
  TenantEraser(pg::Pool& pool, rpc::ChannelPtr tenant_service, Prepare prepare = nullptr);

  // Works at every tenant there is to erase; logs what fails, which is tried again next time. True:
  // one of them is not erased yet.
  bool Step();
  // Steps every `interval`, ten times as often while a tenant is being erased, on a thread of its
  // own, until destroyed.
  void Start(std::chrono::milliseconds interval);
  void Stop();

 private:
  absl::StatusOr<bool> Erase(const std::string& tenant);

  pg::Pool& pool_;
  const rpc::ChannelPtr tenant_service_;
  const Prepare prepare_;
  std::unique_ptr<runtime::PeriodicTask> task_;
};

// How often services look for tenants to erase.
inline constexpr std::chrono::seconds kLookEvery{20};

}  // namespace agentflow::erasure
