#include "services/monitor/client/feed_reader.h"

#include <chrono>
#include <utility>

#include "agentflow/internal/executor/v1/feed.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::monitor {
namespace {

namespace pb = internal::executor::v1;
using FeedStream = rpc::ClientStream<pb::ReadFeedRequest, pb::FeedBatch>;

constexpr char kRead[] = "agentflow.internal.executor.v1.FeedService/Read";
constexpr std::chrono::milliseconds kTick{300};

StepChange StepOf(const pb::StepChange& step) {
  return {.node = step.node(),
          .iteration = step.iteration(),
          .type = step.type(),
          .state_before = step.state_before(),
          .state = step.state(),
          .attempt = step.attempt(),
          .start_time_ms = step.start_time_ms(),
          .end_time_ms = step.end_time_ms(),
          .error_reason = step.error_reason(),
          .error_message = step.error_message()};
}

ExecutionChange ChangeOf(const pb::ExecutionChange& change) {
  ExecutionChange made{.tenant = change.tenant(),
                       .execution_id = change.execution_id(),
                       .workflow = change.workflow(),
                       .version = change.version(),
                       .mode = change.mode(),
                       .state_before = change.state_before(),
                       .state = change.state(),
                       .start_time_ms = change.start_time_ms(),
                       .end_time_ms = change.end_time_ms(),
                       .error_reason = change.error_reason(),
                       .error_message = change.error_message(),
                       .error_node = change.error_node(),
                       .output_json = change.output_json(),
                       .labels = {change.labels().begin(), change.labels().end()},
                       .business_key = change.business_key()};
  for (const auto& step : change.steps()) made.steps.push_back(StepOf(step));
  return made;
}

std::shared_ptr<const Batch> BatchOf(const pb::FeedBatch& batch) {
  auto made = std::make_shared<Batch>();
  made->committer = batch.cursor().committer();
  made->sequence = batch.cursor().sequence();
  made->commit_time_ms = batch.commit_time_ms();
  for (const auto& change : batch.changes()) made->changes.push_back(ChangeOf(change));
  return made;
}

}  // namespace

struct FeedReader::Feed {
  rpc::ChannelPtr channel;
  FeedStream stream;
  bool open = false;
};

FeedReader::FeedReader(std::vector<rpc::ChannelPtr> executors, Take take)
    : take_(std::move(take)) {
  for (rpc::ChannelPtr& channel : executors) {
    feeds_.push_back(std::make_unique<Feed>());
    feeds_.back()->channel = std::move(channel);
  }
}

FeedReader::~FeedReader() { Stop(); }

void FeedReader::Start(std::map<std::string, int64_t> cursors) {
  cursors_ = std::move(cursors);
  ticker_ = std::make_unique<runtime::PeriodicTask>("feed", kTick, [this] { Tick(); });
}

void FeedReader::Stop() {
  if (ticker_) ticker_->Stop();
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (auto& feed : feeds_) {
    if (feed->open) feed->stream.Cancel();
  }
  ended_.wait_for(lock, std::chrono::seconds(5), [this] {
    for (const auto& feed : feeds_) {
      if (feed->open) return false;
    }
    return true;
  });
}

bool FeedReader::connected() const {
  std::lock_guard lock(mutex_);
  for (const auto& feed : feeds_) {
    if (!feed->open) return false;
  }
  return true;
}

void FeedReader::Tick() {
  for (auto& feed : feeds_) Open(*feed);
}

void FeedReader::Open(Feed& feed) {
  pb::ReadFeedRequest request;
  {
    std::lock_guard lock(mutex_);
    if (feed.open || stopping_) return;
    feed.open = true;
    for (const auto& [committer, sequence] : cursors_) {
      auto* cursor = request.add_cursors();
      cursor->set_committer(committer);
      cursor->set_sequence(sequence);
    }
  }
  FeedStream stream = feed.channel->ServerStreaming<pb::ReadFeedRequest, pb::FeedBatch>(kRead,
                                                                                       request);
  {
    std::lock_guard lock(mutex_);
    feed.stream = stream;
  }
  stream.OnEnd([this, &feed](const absl::Status& status) {
    obs::Warn("feed ended", {{"error", MessageOf(status)}});
    std::lock_guard lock(mutex_);
    feed.open = false;
    ended_.notify_all();
  });
  stream.Start([this, stream](const pb::FeedBatch& message) {
    std::shared_ptr<const Batch> batch = BatchOf(message);
    {
      std::lock_guard lock(mutex_);
      int64_t& cursor = cursors_[batch->committer];
      if (batch->sequence <= cursor || stopping_) return;
    }
    if (!take_(batch)) return stream.Cancel();
    std::lock_guard lock(mutex_);
    cursors_[batch->committer] = batch->sequence;
  });
}

}  // namespace agentflow::monitor
