#include "services/executor/client/peers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "agentflow/internal/executor/v1/peers.pb.h"
#include "libs/rpc/testing/test_network.h"
#include "services/executor/rpc/lane_watchers.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;
using std::chrono::milliseconds;

// An executor that is well, or not, or says nothing.
class FakePeer {
 public:
  explicit FakePeer(rpc::TestNetwork& network) : server_(Options(network)) {
    server_.ServerStreaming<pb::WatchLanesRequest, pb::LaneMap>(
        "agentflow.internal.executor.v1.DispatchService/WatchLanes",
        [this](LaneWatchers::Stream stream, const pb::WatchLanesRequest&) {
          watchers.Add(std::move(stream));
        });
    server_.UnaryAsync<pb::PingRequest, pb::PingResponse>(
        "agentflow.internal.executor.v1.PeerService/Ping",
        [this](rpc::CallPtr, std::unique_ptr<pb::PingRequest>,
               std::function<void(absl::StatusOr<pb::PingResponse>)> done) {
          if (silent) return (void)unanswered_.emplace_back(std::move(done));
          pb::PingResponse answer;
          answer.set_unanswered_ms(unanswered_ms);
          answer.set_slow(slow);
          done(answer);
        });
    server_.UnaryAsync<pb::LookForMigrationsRequest, pb::LookForMigrationsResponse>(
        "agentflow.internal.executor.v1.PeerService/LookForMigrations",
        [this](rpc::CallPtr, std::unique_ptr<pb::LookForMigrationsRequest>,
               std::function<void(absl::StatusOr<pb::LookForMigrationsResponse>)> done) {
          ++migration_looks;
          done(pb::LookForMigrationsResponse());
        });
    watchers.Publish(std::vector<std::string>(kLaneCount), 1);
    EXPECT_TRUE(server_.Start().ok());
  }
  ~FakePeer() {
    watchers.Close();
    for (auto& done : unanswered_) done(pb::PingResponse());
    server_.Drain(std::chrono::seconds(5));
  }
  int port() const { return server_.port(); }

  LaneWatchers watchers{[this] { ++emptied; }};
  std::atomic<int> emptied{0};
  std::atomic<bool> silent{false};
  std::atomic<int> unanswered_ms{0};
  std::atomic<bool> slow{false};
  std::atomic<int> migration_looks{0};

 private:
  static rpc::ServerOptions Options(rpc::TestNetwork& network) {
    rpc::ServerOptions options = network.ServerOptionsFor("executor");
    options.require_all_methods = false;
    return options;
  }
  std::vector<std::function<void(absl::StatusOr<pb::PingResponse>)>> unanswered_;
  rpc::Server server_;
};

class PeersTest : public ::testing::Test {
 protected:
  PeersTest() { Watch(milliseconds(100)); }
  void Watch(milliseconds silence) {
    peers_ = std::make_unique<PeerLinks>([this](const std::string&) { return channel_; }, clock_,
                                         silence, [this] { ++looks_; });
    peers_->Follow({{"other", "127.0.0.1:1"}});
    peers_->Start();
  }
  void WaitUntil(const std::function<bool()>& condition) {
    while (!condition()) std::this_thread::yield();
  }
  bool Suspected() { return !peers_->Suspected().silent.empty(); }
  bool IsSlow() { return !peers_->Suspected().slow.empty(); }

  rpc::TestNetwork network_;
  FakePeer peer_{network_};
  rpc::ChannelPtr channel_ = network_.Connect("executor", "executor", peer_.port());
  SystemClock clock_;
  std::atomic<int> looks_{0};
  std::unique_ptr<PeerLinks> peers_;
};

TEST_F(PeersTest, OneWhomTheDatabaseDoesNotAnswerIsASuspectUntilItDoes) {
  WaitUntil([&] { return peer_.watchers.EmptyFor() == 0 && !Suspected(); });
  looks_ = 0;
  peer_.unanswered_ms = 100;
  WaitUntil([&] { return Suspected(); });
  WaitUntil([&] { return looks_ > 0; });
  EXPECT_EQ(peers_->Suspected().silent, std::vector<std::string>{"other"});
  peer_.unanswered_ms = 99;
  WaitUntil([&] { return !Suspected(); });
}

TEST_F(PeersTest, OneThatSaysThatItIsSlowIsBelieved) {
  WaitUntil([&] { return peer_.watchers.EmptyFor() == 0 && !Suspected(); });
  looks_ = 0;
  peer_.slow = true;
  WaitUntil([&] { return IsSlow() && looks_ > 0; });
  EXPECT_EQ(peers_->Suspected().slow, std::vector<std::string>{"other"});
  peer_.slow = false;
  WaitUntil([&] { return !IsSlow(); });
}

TEST_F(PeersTest, OthersAreToldOfAMigration) {
  peers_->TellMigration();
  WaitUntil([&] { return peer_.migration_looks == 1; });
}

TEST_F(PeersTest, OneThatSaysNothingIsASuspect) {
  WaitUntil([&] { return !Suspected(); });
  looks_ = 0;
  peer_.silent = true;
  WaitUntil([&] { return Suspected(); });
  WaitUntil([&] { return looks_ > 0; });
  peer_.silent = false;
  WaitUntil([&] { return !Suspected(); });  // it is asked again when the question has timed out
}

TEST_F(PeersTest, AnExecutorSeesThatNobodyHasAStreamToItAnyMore) {
  EXPECT_EQ(LaneWatchers().EmptyFor(), 0);  // nobody has had one
  WaitUntil([&] { return looks_ > 0; });    // the map has come
  EXPECT_EQ(peer_.watchers.EmptyFor(), 0);
  peers_->Stop();
  WaitUntil([&] { return peer_.watchers.EmptyFor() > 0; });
  EXPECT_EQ(peer_.emptied, 1);
  Watch(milliseconds(100));
  WaitUntil([&] { return peer_.watchers.EmptyFor() == 0; });
}

}  // namespace
}  // namespace agentflow::executor
