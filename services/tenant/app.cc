#include "services/tenant/app.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/obs/log.h"
#include "libs/pg/audit.h"
#include "libs/pg/guard.h"
#include "libs/pg/listener.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "libs/runtime/periodic.h"
#include "migrations/tenant.h"
#include "services/tenant/bootstrap.h"
#include "services/tenant/config.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

constexpr std::chrono::milliseconds kPurgeStep{300'000};
constexpr std::chrono::milliseconds kErasureStep{10'000};

// A setting, or the variable of the same meaning without the service's prefix.
std::string OrVariable(const std::string& setting, const char* variable) {
  if (!setting.empty()) return setting;
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

// Everything over one database, in the order it depends on each other.
struct Parts {
  Parts(const Settings& s, const Clock& clock, pg::PoolOptions pool_options)
      : pool(std::move(pool_options)),
        quotas{.requests_per_second = s.quota_requests_per_second,
               .request_burst = s.quota_request_burst,
               .live_executions = s.quota_live_executions,
               .starts_per_second = s.quota_starts_per_second,
               .workflows = s.quota_workflows,
               .running_executions = s.quota_running_executions,
               .queued_executions = s.quota_queued_executions,
               .weight = s.quota_weight},
        passwords({.concurrent = s.password_threads, .waiting = s.password_queue}),
        tenants(pool, clock, passwords, quotas),
        users(pool, clock, passwords),
        keys(pool, clock),
        sessions(pool, clock, passwords,
                 {.access_life = s.access_token_life,
                  .session_life = s.session_life,
                  .failures_allowed = s.login_failures,
                  .failure_recovery = s.login_recovery}),
        identities(pool, clock, {.default_quotas = quotas}),
        revocations(pool),
        erasures(pool, clock, s.erasure_services, s.erasure_delay.count()),
        audit(pool),
        identity_service(identities, tenants, revocations),
        shipper(pool, [this](const auto& records) { return audit.Append("tenant", records); }, {}) {
  }

  pg::Pool pool;
  const Quotas quotas;
  Passwords passwords;
  Tenants tenants;
  Users users;
  ApiKeys keys;
  Sessions sessions;
  Identities identities;
  RevocationFeed revocations;
  Erasures erasures;
  AuditTrail audit;
  IdentityService identity_service;
  pg::AuditShipper shipper;
};

class TenantService final : public rpc::Service {
 public:
  explicit TenantService(Mode mode) : mode_(mode) {}

  void Configure(config::Schema& schema) override { Declare(settings_, schema); }

  std::optional<int> RunInstead() override {
    if (mode_ == Mode::kServe) return std::nullopt;
    SystemClock clock;
    absl::Status status = MakeParts(clock, {});
    if (status.ok()) status = RunBootstrap();
    if (status.ok()) return 0;
    std::fprintf(stderr, "%s (%s)\n", MessageOf(status).c_str(), ReasonOf(status).c_str());
    return 1;
  }

  absl::Status Start(rpc::ServiceParts& parts) override {
    AF_RETURN_IF_ERROR(MakeParts(parts.clock(), StatementObserver(parts.metrics())));
    rpc::Server& server = parts.server();
    RegisterAuthService(server, parts_->sessions);
    RegisterTenantService(server, parts_->tenants);
    RegisterErasureService(server, parts_->erasures);
    RegisterUserService(server, parts_->users);
    RegisterApiKeyService(server, parts_->keys);
    RegisterAuditServices(server, parts_->audit);
    parts_->identity_service.Register(server);
    // From now on revocations are seen, before anybody is told who somebody is.
    AF_RETURN_IF_ERROR(parts_->revocations.Step());
    parts.AddReadinessCheck("database", [this] { return DatabaseState(); });
    return absl::OkStatus();
  }

  void Serving() override {
    parts_->shipper.Start();
    revoke_ = std::make_unique<pg::Listener>(
        pg::ListenerOptions{.url = settings_.database_url.Reveal(),
                            .name = "tenant-revocations",
                            .channel = RevocationFeed::kChannel},
        [this] { StepRevocations(); });
    erase_ = std::make_unique<runtime::PeriodicTask>("erasure", kErasureStep, [this] {
      absl::Status status = parts_->erasures.Finish();
      if (!status.ok()) obs::Warn("a tenant is not erased", {{"error", MessageOf(status)}});
    });
    purge_ = std::make_unique<runtime::PeriodicTask>("purge", kPurgeStep, [this] {
      absl::Status status = parts_->sessions.Purge();
      if (!status.ok()) obs::Warn("expired sessions not purged", {{"error", MessageOf(status)}});
    });
  }

  void Drain() override { parts_->identity_service.EndStreams(); }

  void Stop() override {
    revoke_.reset();
    purge_.reset();
    erase_.reset();
    if (parts_ != nullptr) parts_->shipper.Stop();
  }

 private:
  using Observer = std::function<void(const char*, int64_t, const absl::Status&)>;

  static Observer StatementObserver(obs::Registry& metrics) {
    obs::HistogramFamily seconds = metrics.Histograms(
        "agentflow_tenant_database_statement_seconds",
        "Time of database statements by name and outcome.", {"statement", "outcome"});
    return [seconds](const char* statement, int64_t micros, const absl::Status& status) {
      seconds.With({statement, status.ok() ? "ok" : "error"})
          .Observe(static_cast<double>(micros) / 1e6);
    };
  }

  absl::Status MakeParts(const Clock& clock, Observer observer) {
    AF_RETURN_IF_ERROR(pg::Migrate(settings_.database_owner_url.Reveal(), Migrations()));
    parts_ = std::make_unique<Parts>(
        settings_, clock,
        pg::PoolOptions{.url = settings_.database_url.Reveal(),
                        .name = "tenant",
                        .size = static_cast<size_t>(settings_.database_pool),
                        .observer = std::move(observer)});
    return pg::CheckRowSecurity(parts_->pool, "tenant");
  }

  absl::Status RunBootstrap() {
    AF_ASSIGN_OR_RETURN(
        BootstrapResult made,
        Bootstrap(parts_->tenants, parts_->keys,
                  {.email = OrVariable(settings_.bootstrap_email, "AGENTFLOW_BOOTSTRAP_EMAIL"),
                   .password = OrVariable(settings_.bootstrap_password.Reveal(),
                                          "AGENTFLOW_BOOTSTRAP_PASSWORD"),
                   .new_key = mode_ == Mode::kBootstrapNewKey}));
    json::Object out{{"tenant", made.tenant}, {"email", made.email}};
    if (!made.api_key.empty()) out.Set("api_key", made.api_key);
    std::printf("%s\n", json::Dump(std::move(out)).c_str());
    return absl::OkStatus();
  }

  void StepRevocations() {
    absl::Status status = parts_->revocations.Step();
    database_ok_ = status.ok();
    if (!status.ok()) obs::Warn("revocations not read", {{"error", MessageOf(status)}});
  }

  // What the last look at the database found: a probe must not wait for one.
  absl::Status DatabaseState() const {
    if (database_ok_) return absl::OkStatus();
    return Unavailable("DATABASE_UNAVAILABLE", "the database does not answer");
  }

  const Mode mode_;
  Settings settings_;
  std::unique_ptr<Parts> parts_;
  std::atomic<bool> database_ok_{true};
  std::unique_ptr<pg::Listener> revoke_;
  std::unique_ptr<runtime::PeriodicTask> purge_;
  std::unique_ptr<runtime::PeriodicTask> erase_;
};

}  // namespace

std::unique_ptr<rpc::Service> MakeTenantService(Mode mode) {
  return std::make_unique<TenantService>(mode);
}

}  // namespace agentflow::tenant
