#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "agentflow/internal/executor/v1/feed.pb.h"
#include "libs/rpc/channel.h"

namespace agentflow::bench {

// Tells of every execution of a workflow that ends, from the executor's feed.
class Completions {
 public:
  using Change = internal::executor::v1::ExecutionChange;

  // `ended` is called on a library thread, once for each.
  Completions(rpc::ChannelPtr executor, std::string workflow,
              std::function<void(const Change&)> ended);
  ~Completions();

  // Waits until what happened before the start was read over.
  void CatchUp();
  int64_t failed() const { return failed_; }

 private:
  void Take(const internal::executor::v1::FeedBatch& batch);

  const std::string workflow_;
  const std::function<void(const Change&)> ended_with_;
  const int64_t start_ms_;
  std::atomic<int64_t> last_batch_ms_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<bool> ended_{false};
  rpc::ClientStream<internal::executor::v1::ReadFeedRequest, internal::executor::v1::FeedBatch>
      stream_;
};

}  // namespace agentflow::bench
