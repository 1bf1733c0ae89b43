#include "services/executor/lanes/router.h"

#include "libs/base/status.h"

namespace agentflow::executor {

absl::Status Router::Post(Item&& item) {
  Committer& committer = Of(LaneOfItem(item));
  if (!committer.Owns(LaneOfItem(item))) return LaneMoved();
  if (!committer.Post(std::move(item))) {
    return Error(absl::StatusCode::kResourceExhausted, "EXECUTOR_BUSY",
                 "Too many commands wait in this executor. Try again in a moment.",
                 {{kErrorLimit, "executor.inbox"}, {kErrorRetryAfterMs, "100"}});
  }
  return absl::OkStatus();
}

std::vector<int> Router::MailCame(const std::vector<int>& lanes) {
  std::vector<int> others;
  for (int lane : lanes) {
    Of(lane).Owns(lane) ? Of(lane).MailCame({lane}) : others.push_back(lane);
  }
  return others;
}

int Router::AnyLane() {
  const uint32_t first = next_.fetch_add(1);
  int loading = -1;
  for (uint32_t i = 0; i < kLaneCount; ++i) {
    // 97 is coprime to 256: neighbours in time are not neighbours in space.
    const int lane = static_cast<int>((first + i) * 97 % kLaneCount);
    if (Of(lane).Ready(lane)) return lane;
    if (Of(lane).Owns(lane)) loading = lane;
  }
  return loading;
}

}  // namespace agentflow::executor
