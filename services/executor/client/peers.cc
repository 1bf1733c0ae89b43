#include "services/executor/client/peers.h"

#include <chrono>

#include "agentflow/internal/executor/v1/peers.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

// One that still has its connection to the database by then is alive, only not reachable.
constexpr int64_t kSuspectFor = 5'000'000;
constexpr std::chrono::milliseconds kTellTimeout{1'000};

}  // namespace

PeerLinks::PeerLinks(lanes::LaneMap::Connect connect, const Clock& clock,
                     std::function<void()> look)
    : connect_(connect),
      clock_(clock),
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

void PeerLinks::Follow(const std::map<std::string, std::string>& others) {
  {
    std::lock_guard lock(mutex_);
    others_ = others;
  }
  for (const auto& [name, address] : others) watch_.Follow(address);
}

std::vector<std::string> PeerLinks::Suspects() {
  std::lock_guard lock(mutex_);
  const int64_t now = clock_.Monotonic();
  std::erase_if(broken_since_, [&](const auto& link) { return now - link.second > kSuspectFor; });
  std::vector<std::string> names;
  for (const auto& [name, address] : others_) {
    if (broken_since_.contains(address)) names.push_back(name);
  }
  return names;
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

}  // namespace agentflow::executor
