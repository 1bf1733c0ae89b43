#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/base/clock.h"
#include "libs/rpc/stream.h"

namespace agentflow::executor {

// Streams that want to know who owns which lane. Thread-safe.
class LaneWatchers {
 public:
  using Stream = rpc::ServerStream<agentflow::internal::executor::v1::WatchLanesRequest,
                                   agentflow::internal::executor::v1::LaneMap>;

  // `emptied` is called when the last stream has ended, until Close; it may not call back.
  explicit LaneWatchers(std::function<void()> emptied = {}) {
    state_->emptied = std::move(emptied);
  }

  // Sends the map at once and on every change from then on.
  void Add(Stream stream);
  // Sends the map to everybody, where it has changed. `time`: when the database said so.
  void Publish(const std::vector<std::string>& addresses, UnixMicros time);
  // How long (microseconds) there has been no stream, after there was one; 0: there is one.
  int64_t EmptyFor() const;
  // Ends all streams.
  void Close();

 private:
  struct State {
    std::mutex mutex;
    agentflow::internal::executor::v1::LaneMap map;
    std::map<uint64_t, Stream> streams;
    uint64_t last = 0;
    bool closed = false;
    std::optional<std::chrono::steady_clock::time_point> empty_since;
    std::function<void()> emptied;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace agentflow::executor
