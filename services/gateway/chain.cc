#include "services/gateway/chain.h"

#include "libs/base/status.h"
#include "libs/http/message.h"
#include "libs/obs/log.h"

namespace agentflow::gateway {
namespace {

absl::Status CredentialsMissing() {
  return agentflow::Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_MISSING",
                          "sign in, or send an API key: Authorization: Bearer <token or key>");
}

}  // namespace

Chain::Chain(Authenticator* authenticator, RateLimiter* limiter, RefusalLog* refusals,
             obs::Registry* metrics, const Clock* clock, ChainOptions options)
    : authenticator_(authenticator),
      limiter_(limiter),
      refusals_(refusals),
      clock_(clock),
      options_(options),
      requests_(metrics->Counters("agentflow_gateway_requests_total",
                                  "Calls by method, way in and canonical code.",
                                  {"method", "protocol", "code"}, 5000)),
      seconds_(metrics->Histograms("agentflow_gateway_request_duration_seconds",
                                   "Time from a call's arrival to its answer.", {"method"},
                                   obs::LatencyBuckets(), 1000)) {}

void Chain::Admit(const Incoming& incoming, Done done) {
  if (incoming.method->access.is_public) {
    absl::Status status = limiter_->Take("address:" + incoming.remote_address,
                                         options_.address_rate, incoming.method->access.cost);
    if (!status.ok()) {
      refusals_->Add(incoming.method->path, incoming.resource, incoming.remote_address,
                     incoming.trace.trace_id, *auth::Nobody(), status);
      return done(status);
    }
    return done(std::make_shared<Caller>());
  }
  if (incoming.credential.empty()) {
    refusals_->Add(incoming.method->path, incoming.resource, incoming.remote_address,
                   incoming.trace.trace_id, *auth::Nobody(), CredentialsMissing());
    return done(CredentialsMissing());
  }
  authenticator_->Authenticate(incoming.credential, [this, incoming, done = std::move(done)](
                                                        absl::StatusOr<CallerPtr> caller) {
    absl::Status status = caller.ok() ? Check(incoming, **caller) : caller.status();
    if (status.ok()) return done(std::move(caller));
    refusals_->Add(incoming.method->path, incoming.resource, incoming.remote_address,
                   incoming.trace.trace_id, caller.ok() ? *(*caller)->principal : *auth::Nobody(),
                   status);
    done(std::move(status));
  });
}

absl::Status Chain::Check(const Incoming& incoming, const Caller& caller) {
  Rate rate = caller.rate;
  if (rate.per_second == 0) rate.per_second = options_.tenant_rate.per_second;
  if (rate.burst == 0) rate.burst = std::max(options_.tenant_rate.burst, rate.per_second);
  AF_RETURN_IF_ERROR(limiter_->Take("requests_per_second:" + caller.principal->tenant, rate,
                                    incoming.method->access.cost));
  if (incoming.method->access.permission.empty()) return absl::OkStatus();
  return auth::RequirePermission(*caller.principal, incoming.method->access.permission);
}

void Chain::Ended(const Incoming& incoming, const absl::Status& status) {
  requests_
      .With({incoming.method->name, incoming.protocol, absl::StatusCodeToString(status.code())})
      .Add();
  seconds_.With({incoming.method->name})
      .Observe(static_cast<double>(clock_->Monotonic() - incoming.begin) / 1e6);
  if (!obs::Enabled(obs::Level::kDebug)) return;
  obs::Debug("call", {{"method", incoming.method->name},
                      {"protocol", incoming.protocol},
                      {"code", absl::StatusCodeToString(status.code())},
                      {"request", incoming.request_id},
                      {"trace", incoming.trace.trace_id},
                      {"address", incoming.remote_address},
                      {"micros", clock_->Monotonic() - incoming.begin}});
}

std::string BearerOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() ||
      !http::EqualIgnoringCase(authorization.substr(0, kScheme.size()), kScheme)) {
    return "";
  }
  authorization.remove_prefix(kScheme.size());
  size_t begin = authorization.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return std::string(authorization.substr(begin, authorization.find_last_not_of(' ') - begin + 1));
}

}  // namespace agentflow::gateway
