#include "tools/bench/completions.h"

#include <chrono>
#include <thread>
#include <utility>

#include "libs/base/clock.h"

namespace agentflow::bench {
namespace {

namespace pb = internal::executor::v1;

int64_t NowMs() { return SystemClock().Now() / 1000; }

}  // namespace

Completions::Completions(rpc::ChannelPtr executor, std::string workflow,
                         std::function<void(const Change&)> ended)
    : workflow_("workflows/" + std::move(workflow)),
      ended_with_(std::move(ended)),
      start_ms_(NowMs()) {
  stream_ = executor->ServerStreaming<pb::ReadFeedRequest, pb::FeedBatch>(
      "agentflow.internal.executor.v1.FeedService/Read", {});
  stream_.OnEnd([this](const absl::Status&) { ended_ = true; });
  stream_.Start([this](const pb::FeedBatch& batch) { Take(batch); });
}

Completions::~Completions() {
  stream_.Cancel();
  while (!ended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Completions::CatchUp() {
  int64_t quiet_since = NowMs();
  int64_t seen = -1;
  while (NowMs() - quiet_since < 300) {
    if (last_batch_ms_ != seen) {
      seen = last_batch_ms_;
      quiet_since = NowMs();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Completions::Take(const pb::FeedBatch& batch) {
  last_batch_ms_ = NowMs();
  for (const pb::ExecutionChange& change : batch.changes()) {
    if (change.end_time_ms() == 0 || change.workflow() != workflow_) continue;
    if (change.start_time_ms() < start_ms_) continue;
    if (change.state() != "COMPLETED") ++failed_;
    ended_with_(change);
  }
}

}  // namespace agentflow::bench
