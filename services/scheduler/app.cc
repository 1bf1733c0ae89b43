#include "services/scheduler/app.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "libs/audit/shipping.h"
#include "libs/base/status.h"
#include "libs/lanes/lane_watch.h"
#include "libs/obs/log.h"
#include "libs/erasure/tenant_eraser.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "libs/runtime/thread_pool.h"
#include "migrations/scheduler.h"
#include "services/scheduler/client/starter.h"
#include "services/scheduler/config.h"
#include "services/scheduler/rpc/schedules.h"
#include "services/scheduler/schedules/firing.h"
#include "services/scheduler/schedules/store.h"

namespace agentflow::scheduler {
namespace {

class Scheduler final : public rpc::Service {
 public:
  std::vector<std::string> Peers() const override { return {"tenant", "designer", "executor"}; }
  void Configure(config::Schema& schema) override { Declare(settings_, schema); }

  absl::Status Start(rpc::ServiceParts& parts) override {
    AF_RETURN_IF_ERROR(pg::Migrate(settings_.database_owner_url.Reveal(), Migrations()));
    pool_ = std::make_unique<pg::Pool>(
        pg::PoolOptions{.url = settings_.database_url.Reveal(),
                        .name = "scheduler",
                        .size = static_cast<size_t>(settings_.database_pool)});
    AF_RETURN_IF_ERROR(pg::CheckRowSecurity(*pool_, "scheduler"));
    clock_ = &parts.clock();
    store_ = std::make_unique<Store>(*pool_);
    auto connect = [&parts](const std::string& at) { return parts.PeerAt("executor", at); };
    lanes_ = std::make_unique<lanes::LaneMap>(connect);
    lane_watch_ = std::make_unique<lanes::LaneWatch>(
        connect, lanes::LaneWatch::Events{
                     .changed = [this](const auto& owners) { lanes_->Set(owners); }});
    executors_ = parts.PeerAddresses("executor");
    starter_ = std::make_unique<RpcStarter>(parts.Peer("tenant"), parts.Peer("executor"), *lanes_);
    firing_ = std::make_unique<Firing>(*store_, *starter_);
    shipper_ = std::make_unique<pg::AuditShipper>(*pool_, audit::SendToTenant(parts.Peer("tenant")),
                                                  pg::AuditShipper::Options{});
    eraser_ = std::make_unique<erasure::TenantEraser>(*pool_, parts.Peer("tenant"));
    rpc::ChannelPtr designer = parts.Peer("designer");
    RegisterScheduleService(
        parts.server(), {.store = *store_,
                         .clock = *clock_,
                         .check =
                             [designer](const std::string& tenant, const std::string& workflow) {
                               return CheckWorkflow(*designer, tenant, workflow);
                             },
                         .changed = [this] { LookAgain(); }});
    return absl::OkStatus();
  }

  void Serving() override {
    shipper_->Start();
    eraser_->Start(erasure::kLookEvery);
    lane_watch_->Start(executors_);
    thread_ = std::thread([this] {
      runtime::NameThread("firing");
      Fire();
    });
  }

  void Stop() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (lane_watch_ != nullptr) lane_watch_->Stop();
    if (eraser_ != nullptr) eraser_->Stop();
    if (shipper_ != nullptr) shipper_->Stop();
  }

 private:
  void LookAgain() {
    {
      std::lock_guard lock(mutex_);
      changed_ = true;
    }
    wake_.notify_all();
  }

  void Fire() {
    constexpr UnixMicros kAfterFailure = 1'000'000;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      changed_ = false;
      lock.unlock();
      UnixMicros now = clock_->Now();
      absl::StatusOr<UnixMicros> next = firing_->Step(now);
      if (!next.ok()) obs::Warn("schedules not read", {{"error", MessageOf(next.status())}});
      UnixMicros wait = std::max<UnixMicros>(next.value_or(now + kAfterFailure) - now, 0);
      lock.lock();
      wake_.wait_for(lock, std::chrono::microseconds(wait),
                     [this] { return stopping_ || changed_; });
    }
  }

  Settings settings_;
  const Clock* clock_ = nullptr;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> executors_;
  std::unique_ptr<lanes::LaneMap> lanes_;
  std::unique_ptr<lanes::LaneWatch> lane_watch_;
  std::unique_ptr<RpcStarter> starter_;
  std::unique_ptr<Firing> firing_;
  std::unique_ptr<pg::AuditShipper> shipper_;
  std::unique_ptr<erasure::TenantEraser> eraser_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool changed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<rpc::Service> MakeScheduler() {
  return std::make_unique<Scheduler>();
}

}  // namespace agentflow::scheduler
