#include "services/executor/app.h"

#include <unistd.h>

#include <set>
#include <thread>

#include "libs/base/status.h"
#include "libs/crypto/random.h"
#include "libs/erasure/tenant_eraser.h"
#include "libs/obs/log.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/runtime/periodic.h"
#include "migrations/executor.h"
#include "services/executor/client/designer.h"
#include "services/executor/client/peers.h"
#include "services/executor/dispatch/outside.h"
#include "services/executor/erasing/tenant_erasing.h"
#include "services/executor/lanes/committer_thread.h"
#include "services/executor/metrics.h"
#include "services/executor/migrating/migration_runner.h"
#include "services/executor/rpc/approval_service.h"
#include "services/executor/rpc/child_starter.h"
#include "services/executor/rpc/dispatch_service.h"
#include "services/executor/rpc/execution_service.h"
#include "services/executor/rpc/feed_service.h"
#include "services/executor/rpc/migration_service.h"
#include "services/executor/rpc/payload_service.h"
#include "services/executor/rpc/peer_service.h"
#include "services/executor/rpc/variable_service.h"
#include "services/executor/store/pg_housekeeping.h"
#include "services/executor/store/pg_store.h"

namespace agentflow::executor {
namespace {

constexpr int64_t kDayMicros = 86'400'000'000;
// Longer than others pause between attempts to connect.
constexpr int64_t kSettle = 1'000'000;
// Of its lease, in the time after which others would miss them.
constexpr int64_t kRenewals = 3;
constexpr int64_t kLookWithOthers = 1'000'000;

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

engine::Limits LimitsOf(const Config& config) {
  return {.value_bytes = static_cast<size_t>(config.value_bytes)};
}

// Something that waits for a free moment of the processes' own threads.
class Answers {
 public:
  Answers() : pool_("answers", 1, 1'000'000) {}
  void Run(std::vector<std::function<void()>> answers) {
    auto shared = std::make_shared<std::vector<std::function<void()>>>(std::move(answers));
    const bool taken = pool_.TrySubmit([shared] {
      for (auto& answer : *shared) answer();
    });
    if (taken) return;
    for (auto& answer : *shared) answer();
  }
  void Stop() { pool_.Stop(); }

 private:
  runtime::ThreadPool pool_;
};

}  // namespace

// In the order of construction; each part may use those above it.
struct App::Parts {
  explicit Parts(const Config& config, const Clock& clock)
      : clock(clock),
        database_clock(clock),
        pool({.url = config.database_url.Reveal(),
              .name = "executor",
              .size = static_cast<size_t>(config.database_pool)}),
        lookups("lookups", config.lookup_threads, 10'000),
        tokens(config.task_token_key) {}
  ~Parts() { StopThreads(); }

  const Clock& clock;
  DatabaseClock database_clock;
  crypto::SecureRandom entropy;
  pg::Pool pool;
  runtime::ThreadPool lookups;
  TaskTokens tokens;
  TenantLoad load;
  ClaimBoard board;
  Links links;
  LaneWatchers watchers{[this] { Look(); }};
  Answers answers;

  std::unique_ptr<TenantKeys> keys;
  std::unique_ptr<VersionResolver> versions;
  std::unique_ptr<PlanCache> plans;
  std::unique_ptr<Quotas> quotas;
  std::unique_ptr<FeedService> feed;
  std::unique_ptr<RedisQueue> queue;
  std::unique_ptr<OutsideDispatch> dispatch;

  // One of each for each committer.
  std::vector<std::unique_ptr<Waker>> wakers;
  std::vector<std::unique_ptr<SeededRandom>> randoms;
  std::vector<std::unique_ptr<PgStore>> stores;
  std::vector<std::unique_ptr<Committer>> committers;
  std::vector<std::unique_ptr<CommitterThread>> threads;

  std::unique_ptr<Router> router;
  std::unique_ptr<PgLaneTable> lane_table;
  std::unique_ptr<PeerLinks> peers;
  std::unique_ptr<LaneKeeper> keeper;
  std::unique_ptr<Starter> starter;
  std::unique_ptr<ExecutionReader> reader;
  std::unique_ptr<ApprovalReader> approvals;
  std::unique_ptr<PayloadStore> payloads;
  std::unique_ptr<ChildStarter> children;
  std::unique_ptr<MigrationStore> migrations;
  std::unique_ptr<MigrationRunner> migration_runner;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<erasure::TenantEraser> eraser;
  std::unique_ptr<PgHousekeeping> housekeeping;
  int documents_kept = 0;  // the day
  Waker lane_waker;
  std::atomic<bool> lanes_stopping{false};
  std::thread lane_thread;
  std::unique_ptr<runtime::PeriodicTask> housekeeping_task;
  std::unique_ptr<runtime::PeriodicTask> metrics_task;
  std::unique_ptr<runtime::PeriodicTask> migration_task;
  std::unique_ptr<runtime::PeriodicTask> key_task;

  // Everything that could still call a committer. Idempotent.
  void StopThreads();
  void StopLooking();
  void HandOver();
  void MakeCommitters(const Config& config, const std::string& owner);
  // Looks after the lanes soon; from any thread.
  void Look();
  // Tells the owners of the lanes that there are messages for them.
  void SendMail(const std::vector<int>& lanes);
  void LookLoop();
  absl::Status KeepHouse(const Config& config, int today);
  absl::StatusOr<int> Today();
  // Null: nobody owns the lane, or this process does.
  rpc::ChannelPtr OwnerOf(rpc::ServiceParts& service, int lane) const;

  std::string address;
};

void App::Parts::MakeCommitters(const Config& config, const std::string& owner) {
  CommitterOptions options;
  options.limits = LimitsOf(config);
  options.batch_items = static_cast<size_t>(config.batch_commands);
  options.inbox_limit = static_cast<size_t>(config.inbox_limit);
  options.renew_after = config.lease_renewal.count() * 1000;
  options.task_lease = config.task_lease.count() * 1000;
  options.claim_grace = config.task_heartbeat.count() * 1000;
  options.slow_commit = config.slow_commit.count() * 1000;
  // It renews its lease a third of this time after the last commit.
  const int64_t silence = config.peer_silence.count() * 1000;
  options.slow_after = std::max(silence / kRenewals + options.slow_commit, silence * 7 / 10);
  std::vector<Committer*> pointers;
  for (int i = 0; i < config.committers; ++i) {
    wakers.push_back(std::make_unique<Waker>());
    Waker* waker = wakers.back().get();
    auto wake = [waker] { waker->Wake(); };
    randoms.push_back(std::make_unique<SeededRandom>(entropy.Next()));
    stores.push_back(
        std::make_unique<PgStore>(PgStoreOptions{.url = config.database_engine_url.Reveal(),
                                                 .owner = owner,
                                                 .committer = i,
                                                 .lease_ms = static_cast<int>(config.lease.count()),
                                                 .keys = keys.get(),
                                                 .wake = wake,
                                                 .committed = [this](FeedRow row) {
                                                   feed->Add(std::move(row));
                                                 },
                                                 .lost = [this] { pool.Distrust(); }}));
    committers.push_back(std::make_unique<Committer>(
        CommitterParts{
            .store = *stores.back(),
            .clock = database_clock,
            .random = *randoms.back(),
            .dispatch = *dispatch,
            .plans = *plans,
            .load = load,
            .board = board,
            .answer = [this](auto list) { answers.Run(std::move(list)); },
            .start_child = [this](ChildRequest child) { children->Start(std::move(child)); },
            .wake = wake,
            .published = [this] { feed->Wake(); },
            .limits =
                [this](const std::string& tenant) {
                  return quotas->Now(tenant, clock.Monotonic());
                },
            .lanes_changed = [this] { Look(); },
            .mail_sent = [this](const auto& lanes) { SendMail(lanes); }},
        options));
    pointers.push_back(committers.back().get());
  }
  router = std::make_unique<Router>(pointers);
  auto restart = [this](const std::vector<int64_t>& epochs) {
    for (size_t i = 0; i < threads.size(); ++i) {
      threads[i]->Between([&] {
        if (!committers[i]->lost()) committers[i]->Abandon();
        committers[i]->Reset(epochs[i]);
      });
    }
  };
  keeper = std::make_unique<LaneKeeper>(
      LaneKeeper::Parts{.owner = owner,
                        .table = *lane_table,
                        .committers = pointers,
                        .restart = restart,
      .owning = [this](size_t lanes) { load.SetShare(static_cast<double>(lanes) / kLaneCount); },
                        .publish =
                            [this](const auto& addresses, UnixMicros time) {
                              watchers.Publish(addresses, time);
                              feed->SetAlone(std::ranges::all_of(
                                  addresses, [this](const auto& at) { return at == address; }));
                            },
                        .peers = peers.get(),
                        .unreachable_for = [this] { return watchers.EmptyFor(); },
                        .renew_within = config.peer_silence.count() * 1000 / kRenewals,
                        .look_every = config.lane_check.count() * 1000,
                        .look_with_others = kLookWithOthers,
      .settle = kSettle});
}

void App::Parts::SendMail(const std::vector<int>& lanes) {
  const std::vector<std::string> addresses = keeper->Addresses();
  std::map<std::string, std::vector<int>> others;
  for (int lane : router->MailCame(lanes)) {
    others[addresses[static_cast<size_t>(lane)]].push_back(lane);
  }
  for (const auto& [owner, theirs] : others) {
    if (!owner.empty()) peers->TellMail(owner, theirs);
  }
}

void App::Parts::Look() {
  lane_waker.Wake();
}

void App::Parts::LookLoop() {
  constexpr int64_t kAfterFailure = 100'000;
  runtime::NameThread("lanes");
  while (!lanes_stopping) {
    absl::StatusOr<int64_t> next = keeper->Step();
    if (!next.ok()) {
      obs::Warn("looking after the lanes failed", {{"error", MessageOf(next.status())}});
    }
    lane_waker.Wait(next.value_or(kAfterFailure));
  }
}

absl::StatusOr<int> App::Parts::Today() {
  AF_ASSIGN_OR_RETURN(const UnixMicros now, housekeeping->DatabaseTime());
  return static_cast<int>(now / kDayMicros);
}

absl::Status App::Parts::KeepHouse(const Config& config, int today) {
  for (int retention : kRetentionClasses) {
    AF_RETURN_IF_ERROR(housekeeping->EnsurePartitions(retention, today - 1,
                                                      today + config.partitions_ahead));
  }
  for (auto& committer : committers) committer->Rehome(today);
  for (auto& waker : wakers) waker->Wake();
  // Before any is deleted.
  if (plans != nullptr && documents_kept != today) {
    AF_RETURN_IF_ERROR(housekeeping->KeepDocuments(plans->Cached(), today));
    documents_kept = today;
  }
  std::map<std::string, int64_t> removed;
  const absl::Status status = housekeeping->Trim(
      today, {.feed_ms = config.feed_kept.count(), .migration_days = config.migration_days},
      &removed);
  if (metrics != nullptr) metrics->Removed(removed);
  return status;
}

rpc::ChannelPtr App::Parts::OwnerOf(rpc::ServiceParts& service, int lane) const {
  const std::vector<std::string> addresses = keeper->Addresses();
  const auto index = static_cast<size_t>(lane);
  if (index >= addresses.size() || addresses[index].empty() || addresses[index] == address) {
    return nullptr;
  }
  return service.PeerAt("executor", addresses[index]);
}

App::App() = default;
App::~App() = default;

absl::Status App::Start(rpc::ServiceParts& service) {
  if (std::find(std::begin(kRetentionClasses), std::end(kRetentionClasses),
                config_.retention_days) == std::end(kRetentionClasses)) {
    return InvalidArgument("CONFIG_INVALID", "retention.days",
                           "retention.days is 1, 7, 30, 90 or 400.");
  }
  AF_ASSIGN_OR_RETURN(crypto::KeyRing master,
                      MasterKeys(config_.encryption_keys, config_.encryption_current));
  AF_RETURN_IF_ERROR(pg::Migrate(config_.database_owner_url.Reveal(), Migrations()));
  parts_ = std::make_unique<Parts>(config_, service.clock());
  Parts& p = *parts_;
  AF_RETURN_IF_ERROR(pg::CheckRowSecurity(p.pool, "executor"));
  p.keys = std::make_unique<TenantKeys>(
      TenantKeysOptions{.url = config_.database_engine_url.Reveal(),
                        .check_ms = static_cast<int>(config_.encryption_check.count())},
      std::move(master), service.clock());
  AF_RETURN_IF_ERROR(p.keys->CheckMaster());

  p.address = config_.address.empty() ? service.common().listen : config_.address;
  const std::string owner =
      config_.owner_id.empty()
          ? HostName() + service.common().listen.substr(service.common().listen.rfind(':'))
          : config_.owner_id;
  PgLaneTableOptions lanes{.url = config_.database_engine_url.Reveal(),
                                 .owner = owner,
                                 .committers = config_.committers,
                                 .address = p.address,
                                 .lease_ms = static_cast<int>(config_.lease.count())};
  lanes.suspect_left_ms =
      static_cast<int>(std::max<int64_t>(0, (config_.lease - config_.peer_silence).count()));
  // In time for another try before the lease ends.
  lanes.answer_timeout_ms = std::max(lanes.lease_ms / 2, 500);
  p.lane_table = std::make_unique<PgLaneTable>(lanes);
  p.housekeeping = std::make_unique<PgHousekeeping>(config_.database_engine_url.Reveal());
  AF_ASSIGN_OR_RETURN(const int today, p.Today());
  AF_RETURN_IF_ERROR(p.KeepHouse(config_, today));

  p.versions = std::make_unique<VersionResolver>(AskDesigner(service.Peer("designer")));
  p.plans = std::make_unique<PlanCache>(
      LoadPlans(service.Peer("designer"), p.pool, *p.keys, p.lookups), [&p] {
        for (auto& waker : p.wakers) waker->Wake();
      });
  p.quotas =
      std::make_unique<Quotas>(AskTenant(service.Peer("tenant")),
                               TenantLimits{.live_executions = config_.default_live_executions,
                                            .starts_per_second = config_.default_starts_per_second},
                               config_.quota_cache.count() * 1000);
  p.feed =
      std::make_unique<FeedService>(
          std::make_unique<PgFeed>(config_.database_engine_url.Reveal(), *p.keys));
  p.queue = std::make_unique<RedisQueue>(redis::Options{.url = config_.redis_url.Reveal()},
                                         p.tokens, [&p] {
                                           for (auto& committer : p.committers)
                                             (void)committer->Post(ReofferItem{});
                                         });
  p.dispatch = std::make_unique<OutsideDispatch>(*p.queue, p.links);
  p.peers = std::make_unique<PeerLinks>(
      [&service, &p](const std::string& other) -> rpc::ChannelPtr {
        return other == p.address ? nullptr : service.PeerAt("executor", other);
      },
      p.clock, config_.peer_silence / 2, [&p] { p.Look(); });
  p.MakeCommitters(config_, owner);
  p.reader = std::make_unique<ExecutionReader>(p.pool, *p.keys, *p.plans, p.board);
  p.starter = std::make_unique<Starter>(
      Starter::Parts{.versions = *p.versions,
                     .plans = *p.plans,
                     .quotas = *p.quotas,
                     .keys = *p.keys,
                     .lookups = p.lookups,
                     .load = p.load,
                     .router = *p.router,
                     .clock = p.database_clock,
                     .retention_days = static_cast<int16_t>(config_.retention_days)});
  p.metrics =
      std::make_unique<Metrics>(service.metrics(), *p.router, p.load, *p.queue, p.links, *p.keys,
                                p.clock);

  p.eraser = std::make_unique<erasure::TenantEraser>(
      p.pool, service.Peer("tenant"),
      [&p](const std::string& tenant) {
        return PrepareErasure(p.pool, *p.keys, *p.router, tenant);
      });
  p.approvals = std::make_unique<ApprovalReader>(p.pool, *p.keys);
  ExecutionPartsPtr executions = RegisterExecutionService(
      service.server(),
      {.starter = *p.starter,
       .reader = *p.reader,
       .router = *p.router,
       .versions = *p.versions,
       .plans = *p.plans,
       .limits = LimitsOf(config_),
       .pool = p.lookups,
       .tenant = service.Peer("tenant"),
       .owner_of = [&p, &service](int lane) { return p.OwnerOf(service, lane); }});
  p.children = std::make_unique<ChildStarter>(*p.starter, *p.router);
  p.migrations = std::make_unique<MigrationStore>(p.pool);
  p.migration_runner = std::make_unique<MigrationRunner>(
      MigrationRunner::Parts{.store = *p.migrations, .plans = *p.plans, .router = *p.router});
  p.migration_task =
      std::make_unique<runtime::PeriodicTask>("migrations", std::chrono::seconds(5), [&p] {
        if (absl::Status status = p.migration_runner->Step(); !status.ok()) {
          obs::Warn("looking for migrations failed", {{"error", MessageOf(status)}});
        }
      });
  RegisterMigrationService(service.server(), {.store = *p.migrations,
                                              .versions = *p.versions,
                                              .plans = *p.plans,
                                              .created = [&p] {
                                                p.migration_task->Poke();
                                                p.peers->TellMigration();
                                              }});
  RegisterApprovalService(service.server(), executions, *p.approvals);
  p.payloads = std::make_unique<PayloadStore>(
      p.pool, *p.keys,
      PayloadLimits{.bytes = static_cast<size_t>(config_.payload_bytes),
                    .unused_days = config_.payload_unused_days});
  RegisterPayloadService(service.server(), *p.payloads);
  RegisterDispatchService(service.server(),
                          {.router = *p.router,
                           .links = p.links,
                           .tokens = p.tokens,
                           .watchers = p.watchers,
                           .peer_came = [&p] { p.Look(); },
                           .lease_ms = config_.task_lease.count(),
                           .heartbeat_interval_ms = config_.task_heartbeat.count()});
  RegisterPeerService(service.server(),
                      {.router = *p.router,
                       .look = [&p] { p.Look(); },
                       .migrate = [&p] { p.migration_task->Poke(); },
                       .clock = p.clock});
  p.feed->Register(service.server());
  RegisterVariableService(service.server(), *p.reader);
  service.AddReadinessCheck("database", [&p] { return p.pool.Ping(); });
  service.AddReadinessCheck("lanes", [&p]() -> absl::Status {
    for (auto& committer : p.committers) {
      if (!committer->joined()) return Unavailable("LANES_LOST", "A committer has not joined yet.");
    }
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

void App::Serving() {
  Parts& p = *parts_;
  // The owner rows must be there before the committers look for theirs.
  if (absl::StatusOr<int64_t> first = p.keeper->Step(); !first.ok()) {
    obs::Warn("looking after the lanes failed", {{"error", MessageOf(first.status())}});
  }
  for (size_t i = 0; i < p.committers.size(); ++i) {
    p.threads.push_back(std::make_unique<CommitterThread>(*p.committers[i], *p.wakers[i], p.clock,
                                                          "committer-" + std::to_string(i)));
  }
  p.lane_thread = std::thread([&p] { p.LookLoop(); });
  p.peers->Start();
  p.eraser->Start(erasure::kLookEvery);
  p.housekeeping_task =
      std::make_unique<runtime::PeriodicTask>("housekeeping", std::chrono::minutes(5), [this, &p] {
        const absl::StatusOr<int> today = p.Today();
        const absl::Status status = today.ok() ? p.KeepHouse(config_, *today) : today.status();
        if (!status.ok()) obs::Warn("housekeeping failed", {{"error", MessageOf(status)}});
      });
  p.key_task = std::make_unique<runtime::PeriodicTask>("keys", config_.encryption_check, [&p] {
    if (absl::Status status = p.keys->Check(); !status.ok()) {
      obs::Warn("the tenants' keys were not looked at", {{"error", MessageOf(status)}});
    }
  });
  p.metrics_task = std::make_unique<runtime::PeriodicTask>("metrics", std::chrono::seconds(1),
                                                           [&p] { p.metrics->Update(); });
}

absl::Status App::KeepHouse(int today) {
  return parts_->KeepHouse(config_, today);
}

void App::Drain() {
  Parts& p = *parts_;
  p.HandOver();
  p.StopLooking();
  // What was received is finished and answered; then the lanes are free for others at once.
  const runtime::Deadline deadline = runtime::Deadline::After(std::chrono::seconds(3));
  bool idle = false;
  while (!idle && !deadline.Passed()) {
    idle = true;
    for (size_t i = 0; i < p.threads.size(); ++i) {
      p.threads[i]->Between([&] { idle = idle && p.committers[i]->Idle(); });
    }
    if (!idle) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (auto& thread : p.threads) thread->Stop();
  if (absl::Status status = p.keeper->Release(); !status.ok()) {
    obs::Warn("lanes were not given back; they move when the lease ends",
              {{"error", MessageOf(status)}});
  }
  for (auto& committer : p.committers) committer->Abandon();
  p.peers->Stop();
  p.watchers.Close();
  p.links.Close();
  p.feed->Close();
}

void App::Stop() {
  if (parts_ != nullptr) parts_->StopThreads();
}

// Gives the lanes to the others, where there are any, while still answering; those who were told
// the way to this executor have a moment to hear of it.
void App::Parts::HandOver() {
  if (keeper == nullptr || !keeper->has_others()) return;
  keeper->Drain();
  Look();
  const runtime::Deadline deadline = runtime::Deadline::After(std::chrono::seconds(3));
  auto owns = [&] {
    for (int lane = 0; lane < kLaneCount; ++lane) {
      if (router->Owns(lane)) return true;
    }
    return false;
  };
  while (owns() && keeper->has_others() && !deadline.Passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
}

void App::Parts::StopLooking() {
  lanes_stopping = true;
  Look();
  if (lane_thread.joinable()) lane_thread.join();
}

void App::Parts::StopThreads() {
  StopLooking();
  if (peers != nullptr) peers->Stop();
  for (auto& thread : threads) thread->Stop();
  for (auto* task : {housekeeping_task.get(), metrics_task.get(), migration_task.get(),
                     key_task.get()}) {
    if (task != nullptr) task->Stop();
  }
  if (eraser != nullptr) eraser->Stop();
  if (queue != nullptr) queue->Stop();
  lookups.Stop();
  answers.Stop();
}

}  // namespace agentflow::executor
