#include "services/executor/client/peers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agentflow/internal/executor/v1/peers.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

// One that still has its connection to the database by then is alive, only not reachable.
constexpr int64_t kSuspectFor = 5'000'000;
constexpr std::chrono::milliseconds kTellTimeout{1'000};
// Times that a peer is asked before its silence is too long.
constexpr int64_t kAsks = 4;

}  // namespace

PeerLinks::PeerLinks(lanes::LaneMap::Connect connect, const Clock& clock,
                     std::chrono::milliseconds silence, std::function<void()> look)
    : connect_(connect),
      clock_(clock),
      silence_(std::chrono::microseconds(silence).count()),
      look_(std::move(look)),
      watch_(std::move(connect), {.changed = [this](const auto&) { look_(); },
                                  .link =
                                      [this](const std::string& address, bool up) {
                                        {
                                          std::lock_guard lock(mutex_);
                                          if (up) {
                                            broken_since_.erase(address);
                                          } else {
                                            broken_since_[address] = clock_.Monotonic();
                                          }
                                        }
                                        look_();
                                      }}) {}

void PeerLinks::Start() {
  watch_.Start({});
  asking_ = std::make_unique<runtime::PeriodicTask>(
      "peers", std::chrono::milliseconds(std::max<int64_t>(1, silence_ / kAsks / 1000)),
      [this] { AskAll(); });
}

void PeerLinks::Stop() {
  if (asking_ != nullptr) asking_->Stop();
  watch_.Stop();
}

// Asks every one that has answered the time before, and sees who has not been well for too long.
void PeerLinks::AskAll() {
  std::map<std::string, std::string> others;
  {
    std::lock_guard lock(mutex_);
    others = others_;
  }
  const int64_t now = clock_.Monotonic();
  // Whoever was stopped himself, or got no time, has heard nobody and knows nothing.
  const bool deaf = now - std::exchange(asked_at_, now) > silence_ / 2;
  std::vector<std::string> ask;
  bool news = false;
  {
    std::lock_guard lock(state_->mutex);
    std::erase_if(state_->health, [&](const auto& health) {
      return std::none_of(others.begin(), others.end(),
                          [&](const auto& other) { return other.second == health.first; });
    });
    for (const auto& [name, address] : others) {
      auto [it, first] = state_->health.try_emplace(address);
      Health& health = it->second;
      if (first || deaf) health.well_at = now;
      news |= !std::exchange(health.unwell, now - health.well_at > silence_) && health.unwell;
      news |= !std::exchange(health.was_slow, health.slow) && health.slow;
      if (!std::exchange(health.asking, true)) ask.push_back(address);
    }
  }
  rpc::CallOptions options;
  options.deadline = runtime::Deadline::After(kTellTimeout);
  for (const std::string& address : ask) {
    auto done = [state = state_, address, &clock = clock_,
                 most = silence_ / 1000](absl::StatusOr<pb::PingResponse> answer) {
      std::lock_guard lock(state->mutex);
      auto it = state->health.find(address);
      if (it == state->health.end()) return;
      it->second.asking = false;
      if (!answer.ok()) return;
      it->second.slow = answer->slow();
      if (answer->unanswered_ms() < most) it->second.well_at = clock.Monotonic();
    };
    if (rpc::ChannelPtr channel = connect_(address)) {
      channel->UnaryAsync<pb::PingRequest, pb::PingResponse>(
          "agentflow.internal.executor.v1.PeerService/Ping", {}, options, std::move(done));
    }
  }
  if (news) look_();
}

void PeerLinks::Follow(const std::map<std::string, std::string>& others) {
  {
    std::lock_guard lock(mutex_);
    others_ = others;
  }
  for (const auto& [name, address] : others) watch_.Follow(address);
}

Suspects PeerLinks::Suspected() {
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.Monotonic();
  std::erase_if(broken_since_, [&](const auto& link) { return now - link.second > kSuspectFor; });
  Suspects suspects;
  std::lock_guard health_lock(state_->mutex);
  for (const auto& [name, address] : others_) {
    auto health = state_->health.find(address);
    const bool unwell = health != state_->health.end() && health->second.unwell;
    if (unwell || broken_since_.contains(address)) suspects.silent.push_back(name);
    if (health != state_->health.end() && health->second.slow) suspects.slow.push_back(name);
  }
  return suspects;
}

void PeerLinks::Tell(const std::string& address, const std::vector<int>& lanes) {
  rpc::ChannelPtr channel = connect_(address);
  if (channel == nullptr) return;
  pb::TakeLanesRequest request;
  for (int lane : lanes) request.add_lanes(lane);
  rpc::CallOptions options;
  options.deadline = runtime::Deadline::After(kTellTimeout);
  auto taken = channel->Unary<pb::TakeLanesRequest, pb::TakeLanesResponse>(
      "agentflow.internal.executor.v1.PeerService/TakeLanes", request, options);
  if (!taken.ok()) {
    obs::Warn("a new owner of lanes did not answer",
              {{"address", address}, {"error", MessageOf(taken.status())}});
  }
}

void PeerLinks::TellMail(const std::string& address, const std::vector<int>& lanes) {
  rpc::ChannelPtr channel = connect_(address);
  if (channel == nullptr) return;
  pb::MailRequest request;
  for (int lane : lanes) request.add_lanes(lane);
  rpc::CallOptions options;
  options.deadline = runtime::Deadline::After(kTellTimeout);
  channel->UnaryAsync<pb::MailRequest, pb::MailResponse>(
      "agentflow.internal.executor.v1.PeerService/Mail", request, options,
      [](absl::StatusOr<pb::MailResponse>) {});
}

void PeerLinks::TellMigration() {
  std::vector<std::string> addresses;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, address] : others_) addresses.push_back(address);
  }
  for (const std::string& address : addresses) {
    rpc::ChannelPtr channel = connect_(address);
    if (channel == nullptr) continue;
    rpc::CallOptions options;
    options.deadline = runtime::Deadline::After(kTellTimeout);
    channel->UnaryAsync<pb::LookForMigrationsRequest, pb::LookForMigrationsResponse>(
        "agentflow.internal.executor.v1.PeerService/LookForMigrations",
        pb::LookForMigrationsRequest(), options,
        [](absl::StatusOr<pb::LookForMigrationsResponse>) {});
  }
}

}  // namespace agentflow::executor
