#pragma once

namespace agentflow::tenant {

// What one tenant may use; see agentflow.api.v1.Quotas. 0 is the platform's default.
struct Quotas {
  int requests_per_second = 0;
  int request_burst = 0;
  int live_executions = 0;
  int starts_per_second = 0;
  int workflows = 0;
  bool operator==(const Quotas&) const = default;
};

// `own` with the platform's defaults in place of zeros.
inline Quotas Effective(const Quotas& own, const Quotas& defaults) {
  auto pick = [](int value, int fallback) { return value == 0 ? fallback : value; };
  return {pick(own.requests_per_second, defaults.requests_per_second),
          pick(own.request_burst, defaults.request_burst),
          pick(own.live_executions, defaults.live_executions),
          pick(own.starts_per_second, defaults.starts_per_second),
          pick(own.workflows, defaults.workflows)};
}

}  // namespace agentflow::tenant
