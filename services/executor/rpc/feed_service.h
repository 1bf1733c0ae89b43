#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agentflow/internal/executor/v1/feed.pb.h"
#include "libs/rpc/server.h"
#include "services/executor/feed/feed_reader.h"
#include "services/executor/feed/recent_rows.h"

namespace agentflow::executor {

// agentflow.internal.executor.v1.FeedService: what is in the table after the reader's cursors, then
// new batches as they commit, of all committers of all executors. One thread reads for all streams;
// it is woken by commits of this process and looks twice a second for those of others, if there
// are any. Where there are none, readers who keep up are served from memory.
class FeedService {
 public:
  explicit FeedService(std::unique_ptr<Feed> feed);
  ~FeedService();

  void Register(rpc::Server& server);
  // A commit of this process is durable. Cheap, from any thread.
  void Add(FeedRow row) { recent_.Add(std::move(row)); }
  // Something was added. Cheap, from any thread.
  void Wake();
  // Whether no other executor has lanes. False until said otherwise; from any thread.
  void SetAlone(bool alone) { alone_ = alone; }
  // Ends all streams.
  void Close();

 private:
  using Stream = rpc::ServerStream<agentflow::internal::executor::v1::ReadFeedRequest,
                                   agentflow::internal::executor::v1::FeedBatch>;
  struct Reader {
    Stream stream;
    FeedCursors cursors;
    // Since when (steady) it has all that others have written; nothing: it may not have.
    std::optional<std::chrono::steady_clock::time_point> complete;
    std::atomic<bool> over{false};
  };

  void Open(Stream stream, const agentflow::internal::executor::v1::ReadFeedRequest& request);
  void Loop();
  // True: there may be more at once.
  bool Serve(Reader& reader);
  absl::StatusOr<std::vector<FeedRow>> RowsFor(Reader& reader);

  static constexpr size_t kRecentBytes = 4u << 20;

  const std::unique_ptr<Feed> feed_;
  RecentRows recent_{kRecentBytes};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Reader>> readers_;
  bool woken_ = false;
  bool stopping_ = false;
  std::atomic<bool> alone_{false};
  std::thread thread_;
};

}  // namespace agentflow::executor
