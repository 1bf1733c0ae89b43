#include "services/monitor/app.h"

#include <utility>

#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/erasure/tenant_eraser.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "migrations/monitor.h"
#include "services/monitor/client/feed_reader.h"
#include "services/monitor/config.h"
#include "services/monitor/projections/projector.h"
#include "services/monitor/projections/store.h"
#include "services/monitor/rpc/stats.h"
#include "services/monitor/rpc/stream.h"
#include "services/monitor/stream/hub.h"

namespace agentflow::monitor {
namespace {

class Monitor final : public rpc::Service {
 public:
  std::vector<std::string> Peers() const override { return {"tenant", "executor"}; }
  void Configure(config::Schema& schema) override { Declare(settings_, schema); }

  absl::Status Start(rpc::ServiceParts& parts) override {
    AF_RETURN_IF_ERROR(pg::Migrate(settings_.database_owner_url.Reveal(), Migrations()));
    pool_ = std::make_unique<pg::Pool>(
        pg::PoolOptions{.url = settings_.database_url.Reveal(),
                        .name = "monitor",
                        .size = static_cast<size_t>(settings_.database_pool)});
    AF_RETURN_IF_ERROR(pg::CheckRowSecurity(*pool_, "monitor"));
    store_ = std::make_unique<Store>(*pool_);
    SeededRandom random(EntropySeed());
    hub_ = std::make_unique<StreamHub>(Uuid::Make(random).ToString().substr(0, 8),
                                       static_cast<size_t>(settings_.stream_kept));
    projector_ = std::make_unique<Projector>(*store_, parts.clock(), parts.metrics());
    AF_ASSIGN_OR_RETURN(cursors_, projector_->Begin());

    eraser_ = std::make_unique<erasure::TenantEraser>(*pool_, parts.Peer("tenant"));
    std::vector<rpc::ChannelPtr> executors;
    for (const std::string& address : parts.PeerAddresses("executor")) {
      executors.push_back(parts.PeerAt("executor", address));
    }
    reader_ = std::make_unique<FeedReader>(
        std::move(executors), [this](std::shared_ptr<const Batch> batch) {
          if (!projector_->Add(batch)) return false;
          for (const ExecutionChange& change : batch->changes) {
            hub_->Publish(std::shared_ptr<const ExecutionChange>(batch, &change));
          }
          return true;
        });
    RegisterStatsService(parts.server(), *store_, [this] { return projector_->lag_ms(); });
    RegisterStreamService(parts.server(), *hub_, settings_.subscriptions_max);
    parts.AddReadinessCheck("feeds", [this] {
      return reader_->connected() ? absl::OkStatus()
                                  : Unavailable("FEED_UNREAD", "an executor's feed is not read");
    });
    return absl::OkStatus();
  }

  void Serving() override {
    projector_->Start();
    eraser_->Start(erasure::kLookEvery);
    reader_->Start(std::move(cursors_));
  }

  void Stop() override {
    if (reader_ != nullptr) reader_->Stop();
    if (projector_ != nullptr) projector_->Stop();
    if (eraser_ != nullptr) eraser_->Stop();
  }

 private:
  Settings settings_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StreamHub> hub_;
  std::unique_ptr<Projector> projector_;
  std::map<std::string, int64_t> cursors_;
  std::unique_ptr<FeedReader> reader_;
  std::unique_ptr<erasure::TenantEraser> eraser_;
};

}  // namespace

std::unique_ptr<rpc::Service> MakeMonitor() { return std::make_unique<Monitor>(); }

}  // namespace agentflow::monitor
