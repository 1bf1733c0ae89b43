#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "services/gateway/caller.h"

namespace agentflow::gateway {

// An open stream that outlives the check of its credential.
class LiveStream {
 public:
  virtual ~LiveStream() = default;
  // `why` is for the peer: its credential ended, or the gateway does.
  virtual void End(const absl::Status& why) = 0;
  // Every second, to show signs of life.
  virtual void Tick() = 0;
};

// Every open stream with whom it belongs to, so that it ends when its credential does.
// Thread-safe; streams are called without the lock.
class LiveStreams {
 public:
  void Add(const std::shared_ptr<LiveStream>& stream, CallerPtr caller);
  void Remove(LiveStream* stream);
  // With an empty principal: the whole tenant.
  void EndOf(std::string_view tenant, std::string_view principal);
  // Ends those whose credential is over by `now`, ticks the others.
  void Tick(UnixMicros now);
  void EndAll(const absl::Status& why);
  size_t size();

 private:
  struct Entry {
    std::weak_ptr<LiveStream> stream;
    CallerPtr caller;
  };

  std::mutex mutex_;
  std::unordered_map<LiveStream*, Entry> streams_;
};

}  // namespace agentflow::gateway
