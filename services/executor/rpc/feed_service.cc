#include "services/executor/rpc/feed_service.h"

#include <chrono>
#include <vector>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/runtime/thread_pool.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

constexpr int kRowsPerRead = 200;
constexpr size_t kMaxQueuedBytes = 4u << 20;
constexpr std::chrono::milliseconds kLookForOthers{500};
constexpr std::chrono::milliseconds kLookAlone{5'000};
// Commits come by the hundred a second; a reader gains nothing from each one's own message.
constexpr std::chrono::milliseconds kGather{20};

}  // namespace

FeedService::FeedService(std::unique_ptr<Feed> feed) : feed_(std::move(feed)) {
  thread_ = std::thread([this] { Loop(); });
}

FeedService::~FeedService() {
  Close();
  thread_.join();
}

void FeedService::Close() {
  std::list<std::shared_ptr<Reader>> readers;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    readers.swap(readers_);
  }
  changed_.notify_all();
  for (auto& reader : readers) reader->stream.Finish();
}

void FeedService::Register(rpc::Server& server) {
  server.ServerStreaming<pb::ReadFeedRequest, pb::FeedBatch>(
      "agentflow.internal.executor.v1.FeedService/Read",
      [this](Stream stream, const pb::ReadFeedRequest& request) {
        Open(std::move(stream), request);
      });
}

void FeedService::Open(Stream stream, const pb::ReadFeedRequest& request) {
  auto reader = std::make_shared<Reader>();
  reader->stream = stream;
  for (const pb::FeedCursor& cursor : request.cursors()) {
    reader->cursors[cursor.committer()] = cursor.sequence();
  }
  stream.OnEnd([reader](const absl::Status&) { reader->over = true; });
  std::lock_guard lock(mutex_);
  if (stopping_) return stream.Finish();
  readers_.push_back(std::move(reader));
  woken_ = true;
  changed_.notify_all();
}

void FeedService::Wake() {
  std::lock_guard lock(mutex_);
  if (woken_ || readers_.empty()) return;
  woken_ = true;
  changed_.notify_all();
}

// What others wrote is in the database alone: it is asked before the memory can do, and from time
// to time afterwards, for an executor that has just lost its last lanes.
absl::StatusOr<std::vector<FeedRow>> FeedService::RowsFor(Reader& reader) {
  const auto now = std::chrono::steady_clock::now();
  if (!alone_) reader.complete.reset();
  if (reader.complete && now - *reader.complete < kLookAlone) {
    if (auto rows = recent_.After(reader.cursors, kRowsPerRead)) return *std::move(rows);
  }
  const bool alone = alone_;
  AF_ASSIGN_OR_RETURN(std::vector<FeedRow> rows, feed_->Read(reader.cursors, kRowsPerRead));
  if (alone && rows.size() < static_cast<size_t>(kRowsPerRead)) reader.complete = now;
  return rows;
}

bool FeedService::Serve(Reader& reader) {
  if (reader.stream.queued_bytes() > kMaxQueuedBytes) return false;
  absl::StatusOr<std::vector<FeedRow>> rows = RowsFor(reader);
  if (!rows.ok()) {
    obs::Warn("reading the feed failed", {{"error", MessageOf(rows.status())}});
    return false;
  }
  for (const FeedRow& row : *rows) {
    pb::FeedBatch batch;
    if (!batch.ParseFromString(row.body)) {
      obs::Error("a feed row cannot be read",
                 {{"committer", row.committer}, {"seq", row.sequence}});
    }
    batch.mutable_cursor()->set_committer(row.committer);
    batch.mutable_cursor()->set_sequence(row.sequence);
    batch.set_commit_time_ms(row.commit_time / 1000);
    if (!reader.stream.Write(batch)) return false;
    reader.cursors[row.committer] = row.sequence;
  }
  return rows->size() >= static_cast<size_t>(kRowsPerRead);
}

void FeedService::Loop() {
  runtime::NameThread("feed");
  while (true) {
    std::vector<std::shared_ptr<Reader>> readers;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, alone_ ? kLookAlone : kLookForOthers,
                        [this] { return woken_ || stopping_; });
      if (stopping_) return;
      if (readers_.empty()) {
        woken_ = false;
        changed_.wait(lock, [this] { return woken_ || stopping_; });
        if (stopping_) return;
      }
      if (woken_) changed_.wait_for(lock, kGather, [this] { return stopping_; });
      woken_ = false;
      std::erase_if(readers_, [](const auto& reader) { return reader->over.load(); });
      readers.assign(readers_.begin(), readers_.end());
    }
    bool more = false;
    for (auto& reader : readers) more |= Serve(*reader);
    if (more) {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
  }
}

}  // namespace agentflow::executor
