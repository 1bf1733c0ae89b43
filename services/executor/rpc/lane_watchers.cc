#include "services/executor/rpc/lane_watchers.h"

#include <algorithm>
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
    state_->empty_since.reset();
    if (state_->map.address_size() > 0) stream.Write(state_->map);
  }
  stream.OnEnd([state = state_, number](const absl::Status&) {
    std::lock_guard lock(state->mutex);
    state->streams.erase(number);
    if (!state->streams.empty() || state->closed) return;
    state->empty_since = std::chrono::steady_clock::now();
    if (state->emptied) state->emptied();
  });
}

int64_t LaneWatchers::EmptyFor() const {
  std::lock_guard lock(state_->mutex);
  if (!state_->empty_since) return 0;
  return 1 + std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::steady_clock::now() - *state_->empty_since)
                 .count();
}

void LaneWatchers::Publish(const std::vector<std::string>& addresses, UnixMicros time) {
  std::lock_guard lock(state_->mutex);
  const auto& known = state_->map.address();
  const bool same = std::equal(addresses.begin(), addresses.end(), known.begin(), known.end());
  state_->map.set_time(time);
  if (same) return;
  state_->map.clear_address();
  for (const std::string& address : addresses) state_->map.add_address(address);
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
