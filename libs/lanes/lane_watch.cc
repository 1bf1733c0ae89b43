#include "libs/lanes/lane_watch.h"

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "agentflow/internal/executor/v1/dispatch.pb.h"

namespace agentflow::lanes {
namespace {

namespace pb = internal::executor::v1;
using Stream = rpc::ClientStream<pb::WatchLanesRequest, pb::LaneMap>;

constexpr char kMethod[] = "agentflow.internal.executor.v1.DispatchService/WatchLanes";
constexpr std::chrono::milliseconds kOpenEvery{500};

}  // namespace

struct LaneWatch::State {
  struct Link {
    Stream stream;
    bool open = false;
    bool up = false;
  };

  // Held over callbacks, so that Stop waits for them.
  mutable std::mutex events_mutex;
  bool over = false;
  bool known = false;
  int64_t newest = 0;  // the time of the newest map
  LaneMap::Owners owners;

  mutable std::mutex mutex;
  LaneMap::Connect connect;
  Events events;
  std::set<std::string> seeds;
  std::map<std::string, Link> links;

  void Take(const std::string& address, const pb::LaneMap& map) {
    std::lock_guard events_lock(events_mutex);
    if (over) return;
    bool began = false;
    {
      std::lock_guard lock(mutex);
      began = !std::exchange(links[address].up, true);
    }
    if (began && events.link) events.link(address, true);
    if (map.time() < newest) return;
    newest = map.time();
    LaneMap::Owners now(map.address().begin(), map.address().end());
    known = true;
    if (now == owners) return;
    owners = std::move(now);
    Keep();
    if (events.changed) events.changed(owners);
  }

  void Ended(const std::string& address) {
    std::lock_guard events_lock(events_mutex);
    if (over) return;
    bool broke = false;
    {
      std::lock_guard lock(mutex);
      auto it = links.find(address);
      if (it == links.end()) return;
      it->second.open = false;
      broke = std::exchange(it->second.up, false);
    }
    if (broke && events.link) events.link(address, false);
  }

  // New owners are followed; those that own nothing any more are not, once their stream ended.
  void Keep() {
    const std::set<std::string> named(owners.begin(), owners.end());
    std::lock_guard lock(mutex);
    for (const std::string& address : named) {
      if (!address.empty()) links.try_emplace(address);
    }
    std::erase_if(links, [&](const auto& link) {
      return !link.second.open && !named.contains(link.first) && !seeds.contains(link.first);
    });
  }
};

LaneWatch::LaneWatch(LaneMap::Connect connect, Events events) : state_(std::make_shared<State>()) {
  state_->connect = std::move(connect);
  state_->events = std::move(events);
}

LaneWatch::~LaneWatch() {
  Stop();
}

void LaneWatch::Start(std::vector<std::string> seeds) {
  {
    std::lock_guard lock(state_->mutex);
    state_->seeds.insert(seeds.begin(), seeds.end());
    for (const std::string& seed : seeds) state_->links.try_emplace(seed);
  }
  task_ = std::make_unique<runtime::PeriodicTask>("lane map", kOpenEvery, [this] { Open(); });
}

void LaneWatch::Stop() {
  if (task_ != nullptr) task_->Stop();
  {
    std::lock_guard lock(state_->events_mutex);
    state_->over = true;
  }
  std::vector<Stream> streams;
  {
    std::lock_guard lock(state_->mutex);
    for (auto& [address, link] : state_->links) {
      if (link.open && link.stream) streams.push_back(link.stream);
    }
    state_->links.clear();
  }
  for (const Stream& stream : streams) stream.Cancel();
}

void LaneWatch::Follow(const std::string& address) {
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->links.try_emplace(address).second) return;
  }
  if (task_ != nullptr) task_->Poke();
}

bool LaneWatch::known() const {
  std::lock_guard lock(state_->events_mutex);
  return state_->known;
}

void LaneWatch::Open() {
  std::vector<std::string> missing;
  {
    std::lock_guard lock(state_->mutex);
    for (auto& [address, link] : state_->links) {
      if (!std::exchange(link.open, true)) missing.push_back(address);
    }
  }
  for (const std::string& address : missing) {
    rpc::ChannelPtr channel = state_->connect(address);
    if (channel == nullptr) continue;
    // Waits for a connection, however long that takes.
    auto stream = channel->ServerStreaming<pb::WatchLanesRequest, pb::LaneMap>(kMethod, {});
    {
      std::lock_guard lock(state_->mutex);
      state_->links[address].stream = stream;
    }
    stream.OnEnd([state = state_, address](const absl::Status&) { state->Ended(address); });
    stream.Start([state = state_, address](const pb::LaneMap& map) { state->Take(address, map); });
  }
}

}  // namespace agentflow::lanes
