#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <condition_variable>
#include <string>
#include <vector>

#include "libs/rpc/channel.h"
#include "libs/runtime/periodic.h"
#include "services/monitor/change.h"

namespace agentflow::monitor {

// Reads the feeds of all executors, each batch once and in order, beginning after given cursors
// and going on where a broken stream left off.
class FeedReader {
 public:
  // Called on library threads, batches of one committer in order. False: too much waits; the
  // stream is broken off and read again later from the last batch that was taken.
  using Take = std::function<bool(std::shared_ptr<const Batch>)>;

  FeedReader(std::vector<rpc::ChannelPtr> executors, Take take);
  ~FeedReader();

  void Start(std::map<std::string, int64_t> cursors);
  void Stop();
  // Whether every feed is being read.
  bool connected() const;

 private:
  struct Feed;
  void Tick();
  void Open(Feed& feed);

  const Take take_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool stopping_ = false;
  std::map<std::string, int64_t> cursors_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::unique_ptr<runtime::PeriodicTask> ticker_;
};

}  // namespace agentflow::monitor
