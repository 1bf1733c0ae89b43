#include "services/coordinator/app.h"

#include <chrono>
#include <memory>
#include <utility>

#include "libs/audit/shipping.h"
#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/obs/log.h"
#include "libs/erasure/tenant_eraser.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "libs/runtime/periodic.h"
#include "libs/runtime/thread_pool.h"
#include "migrations/coordinator.h"
#include "services/coordinator/client/executor_links.h"
#include "services/coordinator/client/weights.h"
#include "services/coordinator/config.h"
#include "services/coordinator/registry/registry.h"
#include "services/coordinator/rpc/agents.h"
#include "services/coordinator/rpc/work.h"
#include "services/coordinator/tasks/fetcher.h"
#include "services/coordinator/tasks/hub.h"

namespace agentflow::coordinator {
namespace {

constexpr std::chrono::milliseconds kHubStep{500};
constexpr std::chrono::milliseconds kEndpointSync{5000};

class Coordinator final : public rpc::Service {
 public:
  std::vector<std::string> Peers() const override { return {"tenant", "executor"}; }
  void Configure(config::Schema& schema) override { Declare(settings_, schema); }

  absl::Status Start(rpc::ServiceParts& parts) override {
    AF_RETURN_IF_ERROR(pg::Migrate(settings_.database_owner_url.Reveal(), Migrations()));
    pool_ = std::make_unique<pg::Pool>(
        pg::PoolOptions{.url = settings_.database_url.Reveal(),
                        .name = "coordinator",
                        .size = static_cast<size_t>(settings_.database_pool)});
    AF_RETURN_IF_ERROR(pg::CheckRowSecurity(*pool_, "coordinator"));

    SeededRandom random(EntropySeed());
    const std::string id = "coordinator-" + Uuid::Make(random).ToString();
    registry_ = std::make_unique<Registry>(*pool_, id);
    links_ = std::make_unique<ExecutorLinks>(
        id, parts.PeerAddresses("executor"),
        [&parts](const std::string& address) { return parts.PeerAt("executor", address); });
    hub_ = std::make_unique<Hub>(
        *links_, HubOptions{.reconnect_grace_ms = settings_.reconnect_grace.count(),
                            .lease_ms = settings_.worker_lease.count()});
    weights_ = std::make_unique<Weights>(parts.Peer("tenant"), parts.clock(),
                                         settings_.weight_cache.count());
    fetcher_ = std::make_unique<Fetcher>(
        *hub_, parts.clock(),
        Fetcher::Options{.redis = {.url = settings_.redis_url.Reveal()},
                         .consumer = id,
                         .orphan_ms = settings_.orphan_time.count()},
        parts.metrics(), [this](const std::string& tenant) { return weights_->Of(tenant); });
    background_ = std::make_unique<runtime::ThreadPool>("registry", 2, 256);
    shipper_ = std::make_unique<pg::AuditShipper>(
        *pool_, audit::SendToTenant(parts.Peer("tenant")), pg::AuditShipper::Options{});
    eraser_ = std::make_unique<erasure::TenantEraser>(*pool_, parts.Peer("tenant"));
    connected_ = parts.metrics().Gauge("agentflow_coordinator_workers_connected",
                                       "Workers with an open stream.");
    held_ = parts.metrics().Gauge("agentflow_coordinator_tasks_held",
                                  "Tasks in the hands of workers.");
    clock_ = &parts.clock();

    RegisterAgentService(parts.server(), *registry_);
    RegisterWorkerService(parts.server(), *hub_, *registry_, *background_, parts.clock(),
                          {.heartbeat_interval_ms = settings_.heartbeat_interval.count(),
                           .lease_ms = settings_.worker_lease.count(),
                           .capacity_max = settings_.capacity_max,
                           .agents_max = settings_.agents_max});
    parts.AddReadinessCheck("executors", [this] {
      return links_->ready() ? absl::OkStatus()
                             : Unavailable("LANES_UNKNOWN", "no executor has sent its lane map");
    });
    return absl::OkStatus();
  }

  void Serving() override {
    links_->Start(hub_.get());
    fetcher_->Start();
    shipper_->Start();
    eraser_->Start(erasure::kLookEvery);
    step_ = std::make_unique<runtime::PeriodicTask>("hub", kHubStep, [this] { Step(); });
    sync_ = std::make_unique<runtime::PeriodicTask>("endpoints", kEndpointSync,
                                                    [this] { SyncEndpoints(); });
  }

  // Workers finish what they hold and connect elsewhere; their results still pass through here
  // until the streams end.
  void Drain() override {
    hub_->Drain();
    fetcher_->Stop();
  }

  void Stop() override {
    step_.reset();
    sync_.reset();
    if (background_ != nullptr) background_->Stop();
    if (links_ != nullptr) links_->Stop();
    if (shipper_ != nullptr) shipper_->Stop();
    if (eraser_ != nullptr) eraser_->Stop();
  }

 private:
  void Step() {
    hub_->Step(clock_->Now() / 1000);
    std::vector<EndpointView> endpoints = hub_->Endpoints();
    int held = 0;
    for (const EndpointView& endpoint : endpoints) held += endpoint.held;
    connected_.Set(static_cast<double>(endpoints.size()));
    held_.Set(held);
    if (endpoints.size() != last_endpoints_) sync_->Poke();
    last_endpoints_ = endpoints.size();
  }

  void SyncEndpoints() {
    absl::Status synced = registry_->SyncEndpoints(hub_->Endpoints());
    if (!synced.ok()) obs::Warn("endpoints not stored", {{"error", MessageOf(synced)}});
  }

  Settings settings_;
  const Clock* clock_ = nullptr;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<ExecutorLinks> links_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<Weights> weights_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<runtime::ThreadPool> background_;
  std::unique_ptr<pg::AuditShipper> shipper_;
  std::unique_ptr<erasure::TenantEraser> eraser_;
  obs::Gauge connected_;
  obs::Gauge held_;
  size_t last_endpoints_ = 0;
  std::unique_ptr<runtime::PeriodicTask> sync_;
  std::unique_ptr<runtime::PeriodicTask> step_;
};

}  // namespace

std::unique_ptr<rpc::Service> MakeCoordinator() { return std::make_unique<Coordinator>(); }

}  // namespace agentflow::coordinator
