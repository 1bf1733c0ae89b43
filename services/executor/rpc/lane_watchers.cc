#include "services/executor/rpc/lane_watchers.h"

#include <utility>

#include "libs/base/status.h"

namespace agentflow::executor {

void LaneWatchers::Add(Stream stream) {
  uint64_t number = 0;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->closed) {
      stream.Finish(Unavailable("LANE_MOVED", "This executor is going away."));
      return;
    }
    number = ++state_->last;
    state_->streams[number] = stream;
    if (state_->map.address_size() > 0) stream.Write(state_->map);
  }
  stream.OnEnd([state = state_, number](const absl::Status&) {
    std::lock_guard lock(state->mutex);
    state->streams.erase(number);
  });
}

void LaneWatchers::Publish(const std::vector<std::string>& addresses) {
  std::lock_guard lock(state_->mutex);
  agentflow::internal::executor::v1::LaneMap map;
  for (const std::string& address : addresses) map.add_address(address);
  if (map.SerializeAsString() == state_->map.SerializeAsString()) return;
  state_->map = std::move(map);
  for (const auto& [number, stream] : state_->streams) stream.Write(state_->map);
}

void LaneWatchers::Close() {
  std::map<uint64_t, Stream> streams;
  {
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
    streams = state_->streams;
  }
  for (const auto& [number, stream] : streams) stream.Finish();
}

}  // namespace agentflow::executor
