#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/obs/metrics.h"
#include "libs/obs/trace.h"
#include "services/gateway/authenticator.h"
#include "services/gateway/method_table.h"
#include "services/gateway/rate_limiter.h"
#include "services/gateway/refusal_log.h"

namespace agentflow::gateway {

// A call at the door, however it came.
struct Incoming {
  const Method* method = nullptr;
  std::string credential;  // without "Bearer "; empty: none
  std::string remote_address;
  std::string request_id;
  obs::TraceContext trace;
  std::string_view protocol;  // "http", "grpc", "stream"
  std::string resource;       // for the audit record; may be empty
  int64_t begin = 0;          // Clock::Monotonic
};

struct ChainOptions {
  // For tenants without a quota of their own.
  Rate tenant_rate{200, 400};
  // Of one address, for calls without a credential (sign-in).
  Rate address_rate{10, 300};
};

// The one way in for HTTP, gRPC and streams: authentication, rate limit, permission; and at the
// end of each call metrics and, for refusals, the audit record. Thread-safe, never blocks.
class Chain {
 public:
  // All must outlive the chain.
  Chain(Authenticator* authenticator, RateLimiter* limiter, RefusalLog* refusals,
        obs::Registry* metrics, const Clock* clock, ChainOptions options = {});

  // Refusals: UNAUTHENTICATED (CREDENTIALS_MISSING and those of Authenticator),
  // RESOURCE_EXHAUSTED (RATE_LIMITED), PERMISSION_DENIED (PERMISSION_MISSING). They are recorded
  // here; call Ended for them too. `done` may come at once.
  using Done = std::function<void(absl::StatusOr<CallerPtr>)>;
  void Admit(const Incoming& incoming, Done done);

  // Once per call, with what the caller was told.
  void Ended(const Incoming& incoming, const absl::Status& status);

 private:
  absl::Status Check(const Incoming& incoming, const Caller& caller);

  Authenticator* const authenticator_;
  RateLimiter* const limiter_;
  RefusalLog* const refusals_;
  const Clock* const clock_;
  const ChainOptions options_;
  obs::CounterFamily requests_;
  obs::HistogramFamily seconds_;
};

// "Bearer x" -> "x"; empty for anything else.
std::string BearerOf(std::string_view authorization);

}  // namespace agentflow::gateway
