#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/rpc/channel.h"

namespace agentflow::designer {

// How many workflows a tenant may have. Thread-safe.
class Quotas {
 public:
  virtual ~Quotas() = default;
  virtual int64_t WorkflowLimit(const std::string& tenant) = 0;
};

// The same for every tenant.
class FixedQuotas final : public Quotas {
 public:
  explicit FixedQuotas(int64_t limit) : limit_(limit) {}
  int64_t WorkflowLimit(const std::string&) override { return limit_; }

 private:
  int64_t limit_;
};

// Asks the tenant service and remembers for 30 seconds. While that service is away the last
// answer counts, else `default_limit`, which also stands for a quota of 0.
std::unique_ptr<Quotas> MakeTenantQuotas(rpc::ChannelPtr tenant_service, const Clock& clock,
                                         int64_t default_limit);

}  // namespace agentflow::designer
