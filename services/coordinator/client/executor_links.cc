#include "services/coordinator/client/executor_links.h"

#include <atomic>
#include <chrono>
#include <set>
#include <utility>

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::coordinator {
namespace {

namespace pb = internal::executor::v1;

constexpr char kLinkMethod[] = "agentflow.internal.executor.v1.DispatchService/Link";
constexpr std::chrono::milliseconds kTick{500};
constexpr size_t kFullMessage = 1 << 20;

void Fill(const AttemptId& id, pb::AttemptRef* ref) {
  ref->set_tenant(id.tenant);
  ref->set_execution_id(id.execution_id);
  ref->set_step(id.step);
  ref->set_attempt(id.attempt);
}

AttemptId IdOf(const pb::AttemptRef& ref) {
  return {ref.tenant(), ref.execution_id(), ref.step(), ref.attempt()};
}

void Fill(const Claim& claim, pb::Claim* out) {
  Fill(claim.id, out->mutable_ref());
  out->set_number(claim.number);
}

void Fill(const Result& result, pb::AttemptResult* out) {
  Fill(result.id, out->mutable_ref());
  out->set_token(result.token);
  if (result.outcome.failed) {
    out->mutable_failure()->set_reason(result.outcome.reason);
    out->mutable_failure()->set_message(result.outcome.message);
    out->mutable_failure()->set_retryable(result.outcome.retryable);
  } else {
    out->set_output_json(result.outcome.output_json);
  }
}

}  // namespace

// The stream to one executor, opened again whenever it breaks.
class ExecutorLinks::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(std::string address, std::string coordinator_id, rpc::ChannelPtr channel, Hub& hub,
       std::function<bool(int)> lanes, std::function<void(int)> moved)
      : address_(std::move(address)),
        coordinator_id_(std::move(coordinator_id)),
        channel_(std::move(channel)),
        hub_(hub),
        lanes_(std::move(lanes)),
        moved_(std::move(moved)) {}

  // Opens the stream if none stands, and tells everything again when it is new.
  void EnsureOpen() {
    {
      std::lock_guard lock(mutex_);
      if (stream_ || closed_) return;
      stream_ = channel_->Bidi<pb::CoordinatorReports, pb::ExecutorOrders>(kLinkMethod);
      reports_ = {};
    }
    auto self = shared_from_this();
    auto stream = stream_;
    stream.OnEnd([self](const absl::Status& status) {
      obs::Warn("link to executor ended", {{"address", self->address_},
                                           {"error", MessageOf(status)}});
      std::lock_guard lock(self->mutex_);
      self->stream_ = {};
    });
    stream.OnDrained([self] { self->Flush(); });
    stream.Start([self](const pb::ExecutorOrders& orders) { self->Obey(orders); });
    TellAgain();
  }

  // What is held, and results without acknowledgement.
  void TellAgain() {
    std::vector<Claim> claimed = hub_.Unconfirmed(lanes_);
    std::vector<AttemptId> held = hub_.Held(lanes_);
    std::vector<Result> results = hub_.Unacknowledged(lanes_);
    {
      std::lock_guard lock(mutex_);
      for (const Claim& claim : claimed) Fill(claim, reports_.add_claimed());
      for (const AttemptId& id : held) Fill(id, reports_.add_held());
      for (const Result& result : results) Fill(result, reports_.add_results());
    }
    Flush();
  }

  void Heartbeat() {
    std::vector<Claim> claimed = hub_.Unconfirmed(lanes_);
    std::vector<AttemptId> held = hub_.Held(lanes_);
    if (held.empty()) return;
    {
      std::lock_guard lock(mutex_);
      reports_.clear_claimed();
      reports_.clear_held();
      for (const Claim& claim : claimed) Fill(claim, reports_.add_claimed());
      for (const AttemptId& id : held) Fill(id, reports_.add_held());
    }
    Flush();
  }

  // Both only collect: the Hub calls them under its lock.
  void Claimed(const Claim& claim) {
    {
      std::lock_guard lock(mutex_);
      Fill(claim, reports_.add_claimed());
    }
    Flush();
  }
  void Finished(const Result& result) {
    {
      std::lock_guard lock(mutex_);
      Fill(result, reports_.add_results());
    }
    Flush();
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    if (stream_) stream_.Cancel();
  }

  int64_t heartbeat_interval_ms() const { return heartbeat_interval_ms_; }

 private:
  // Sends what was collected unless a message is still on its way.
  void Flush() {
    std::lock_guard lock(mutex_);
    if (!stream_ || stream_.queued_bytes() > 0) return;
    if (reports_.claimed_size() + reports_.held_size() + reports_.results_size() == 0) return;
    reports_.set_coordinator_id(coordinator_id_);
    stream_.Write(reports_);
    reports_.Clear();
  }

  void Obey(const pb::ExecutorOrders& orders) {
    if (orders.heartbeat_interval_ms() > 0) heartbeat_interval_ms_ = orders.heartbeat_interval_ms();
    for (const auto& claim : orders.claimed()) hub_.Confirmed({IdOf(claim.ref()), claim.number()});
    for (const auto& ref : orders.drop()) hub_.Dropped(IdOf(ref));
    for (const auto& ref : orders.acknowledged()) hub_.Acknowledged(IdOf(ref));
    for (const auto& ref : orders.late()) hub_.Late(IdOf(ref));
    for (int lane : orders.lanes_moved()) moved_(lane);
    for (const auto& refused : orders.refused()) hub_.Refused(IdOf(refused.ref()), refused.token());
    for (const auto& cancel : orders.cancel()) hub_.Cancel(IdOf(cancel.ref()), cancel.reason());
  }

  const std::string address_;
  const std::string coordinator_id_;
  const rpc::ChannelPtr channel_;
  Hub& hub_;
  const std::function<bool(int)> lanes_;
  const std::function<void(int)> moved_;
  std::mutex mutex_;
  bool closed_ = false;
  rpc::ClientStream<pb::CoordinatorReports, pb::ExecutorOrders> stream_;
  pb::CoordinatorReports reports_;
  std::atomic<int64_t> heartbeat_interval_ms_{2000};
};

ExecutorLinks::ExecutorLinks(std::string coordinator_id, std::vector<std::string> seeds,
                             Connect connect)
    : coordinator_id_(std::move(coordinator_id)),
      seeds_(std::move(seeds)),
      connect_(connect),
      watch_(std::move(connect),
             {.changed = [this](const auto& owners) { LanesChanged(owners); }}) {}

ExecutorLinks::~ExecutorLinks() { Stop(); }

void ExecutorLinks::Start(Hub* hub) {
  hub_ = hub;
  watch_.Start(seeds_);
  ticker_ = std::make_unique<runtime::PeriodicTask>("links", kTick, [this] { Tick(); });
}

void ExecutorLinks::Stop() {
  if (ticker_) ticker_->Stop();
  watch_.Stop();
  std::map<std::string, std::shared_ptr<Link>> links;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    links.swap(links_);
  }
  for (auto& [address, link] : links) link->Close();
}

bool ExecutorLinks::ready() const {
  std::lock_guard lock(mutex_);
  return known_;
}

std::shared_ptr<ExecutorLinks::Link> ExecutorLinks::LinkOf(int lane) {
  std::lock_guard lock(mutex_);
  auto it = links_.find(owners_[static_cast<size_t>(lane)]);
  return it == links_.end() ? nullptr : it->second;
}

// Without a link the report waits in the hub: TellAgain sends it when the lane has an owner.
void ExecutorLinks::Claimed(const Claim& claim) {
  if (auto link = LinkOf(LaneOf(claim.id))) link->Claimed(claim);
}

void ExecutorLinks::Finished(const Result& result) {
  if (auto link = LinkOf(LaneOf(result.id))) link->Finished(result);
}

void ExecutorLinks::Tick() {
  TellMovedAgain();
  std::map<std::string, std::shared_ptr<Link>> links;
  {
    std::lock_guard lock(mutex_);
    links = links_;
  }
  for (auto& [address, link] : links) link->EnsureOpen();
  Beat();
}

void ExecutorLinks::Beat() {
  std::map<std::string, std::shared_ptr<Link>> links;
  {
    std::lock_guard lock(mutex_);
    links = links_;
    ++beats_;
  }
  for (auto& [address, link] : links) {
    int64_t every = std::max<int64_t>(1, link->heartbeat_interval_ms() / kTick.count());
    if (beats_ % every == 0) link->Heartbeat();
  }
}

// Reports that reached an executor after it had given the lane away, or before it knew that it has
// it: told again to whoever owns the lane by now.
void ExecutorLinks::TellMovedAgain() {
  std::set<std::shared_ptr<Link>> owners;
  {
    std::lock_guard lock(mutex_);
    for (int lane : moved_) {
      auto link = links_.find(owners_[static_cast<size_t>(lane)]);
      if (link != links_.end()) owners.insert(link->second);
    }
    moved_.clear();
  }
  for (const auto& link : owners) link->TellAgain();
}

std::function<bool(int)> ExecutorLinks::LanesOf(const std::string& address) {
  return [this, address](int lane) {
    std::lock_guard lock(mutex_);
    return owners_[static_cast<size_t>(lane)] == address;
  };
}

void ExecutorLinks::LanesChanged(std::vector<std::string> owners) {
  owners.resize(kLaneCount);
  std::set<std::shared_ptr<Link>> gained;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    known_ = true;
    for (size_t lane = 0; lane < kLaneCount; ++lane) {
      if (owners_[lane] == owners[lane]) continue;
      owners_[lane] = owners[lane];
      if (owners[lane].empty()) continue;
      auto& channel = channels_[owners[lane]];
      if (!channel) channel = connect_(owners[lane]);
      auto& link = links_[owners[lane]];
      if (!link) {
        link = std::make_shared<Link>(owners[lane], coordinator_id_, channel, *hub_,
                                      LanesOf(owners[lane]), [this](int moved) {
                                        std::lock_guard lock(mutex_);
                                        if (moved >= 0 && moved < kLaneCount) moved_.insert(moved);
                                      });
      }
      gained.insert(link);
    }
  }
  for (const auto& link : gained) {
    link->EnsureOpen();
    link->TellAgain();
  }
}

}  // namespace agentflow::coordinator
