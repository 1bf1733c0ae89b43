#pragma once

#include <string>
#include <string_view>

#include "libs/json/value.h"

namespace agentflow::tenant {

// What one tenant may use; see agentflow.api.v1.Quotas. 0 is the platform's default.
struct Quotas {
  int requests_per_second = 0;
  int request_burst = 0;
  int live_executions = 0;
  int starts_per_second = 0;
  int workflows = 0;
  int running_executions = 0;
  int queued_executions = 0;
  int weight = 0;

  bool operator==(const Quotas&) const = default;
};

struct QuotaField {
  const char* name;  // as in JSON
  int Quotas::*value;
};
inline constexpr QuotaField kQuotaFields[] = {
    {"requestsPerSecond", &Quotas::requests_per_second},
    {"requestBurst", &Quotas::request_burst},
    {"liveExecutions", &Quotas::live_executions},
    {"startsPerSecond", &Quotas::starts_per_second},
    {"workflows", &Quotas::workflows},
    {"runningExecutions", &Quotas::running_executions},
    {"queuedExecutions", &Quotas::queued_executions},
    {"weight", &Quotas::weight},
};

// `own` with the platform's defaults in place of zeros.
Quotas Effective(const Quotas& own, const Quotas& defaults);

json::Value ToJson(const Quotas& quotas);
// From the column of the table `tenant`; what is not there is 0.
Quotas QuotasFromText(std::string_view text);

}  // namespace agentflow::tenant
